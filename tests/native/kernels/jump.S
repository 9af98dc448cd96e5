// A call by way of a pointer that was never set: to where nothing is.
.include "common.inc"
.global _start
_start:
    adr x0, vectors
    msr vbar_el2, x0
    movz x1, #0x12, lsl #32
    blr x1
    b .
    VECTORS hang, hang
