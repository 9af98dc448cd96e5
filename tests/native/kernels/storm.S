// The vectors are empty: an undefined instruction ends in a storm.
.global _start
_start:
    mov x0, #0x40000
    msr vbar_el2, x0
bad:
    .inst 0
