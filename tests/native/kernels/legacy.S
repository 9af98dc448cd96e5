// Pi 4 at EL3, as config.txt has it with kernel_old=1, enable_gic=0 and arm_peri_high=1: the System
// Timer by the legacy controller, and peripherals in the 35-bit map.  Prints T each 100 ms.
.equ HIGH, 0x47E000000
.equ LOCAL, 0x4C0000000
.equ PERIOD, 100000
.global _start
_start:
    mrs x0, mpidr_el1
    tst x0, #3
    b.ne idle
    mov x0, #0x70000
    mov sp, x0
    adr x0, vectors
    msr vbar_el3, x0
    mov x0, #(1 << 10 | 1 << 1 | 1)     // SCR_EL3: RW, IRQ, NS
    msr scr_el3, x0
    ldr x1, =HIGH + 0x215000
    mov w0, #1
    str w0, [x1, #0x04]                 // AUX_ENABLES
    mov w0, #3
    str w0, [x1, #0x4c]
    mov w0, #541
    str w0, [x1, #0x68]
    ldr x1, =HIGH + 0xB200
    mov w0, #2
    str w0, [x1, #0x10]                 // IRQ0_SET_EN_0: System Timer 1
    ldr x1, =HIGH + 0x3000
    ldr w0, =PERIOD
    str w0, [x1, #0x10]                 // C1
    msr daifclr, #2
idle:
    wfi
    b idle

.type handle_irq, %function
handle_irq:
    ldr x1, =LOCAL
    ldr w0, [x1, #0x60]                 // IRQ_SOURCE0
    tbz w0, #8, 1f
    ldr x1, =HIGH + 0xB200
    ldr w0, [x1]                        // IRQ0_PENDING0
    tbz w0, #1, 1f
    ldr x1, =HIGH + 0x3000
    ldr w0, [x1, #0x10]
    ldr w2, =PERIOD
    add w0, w0, w2
    str w0, [x1, #0x10]
    mov w0, #2
    str w0, [x1]                        // CS.M1
    ldr x1, =HIGH + 0x215000
    mov w0, #'T'
    str w0, [x1, #0x40]
1:  eret
.ltorg
.balign 2048
vectors:
.rept 5
    .balign 128
    b .
.endr
    .balign 128
    b handle_irq
.rept 10
    .balign 128
    b .
.endr
