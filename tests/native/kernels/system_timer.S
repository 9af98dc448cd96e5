// Pi 3 and 4: System Timer comparator 1, each 200 ms from 200000 us on; prints T each time.
// Pi 4: through the GIC-400 as SPI 65; Pi 3: the BCM2835 controller and the core's own.
.include "common.inc"
.equ PERIOD, 200000
.global _start
_start:
    TO_EL1 0x70000
    UART_ON
.if BOARD == 4
    GIC_ON 97
.else
    ldr x1, =IC
    mov w0, #2
    str w0, [x1, #0x10]                 // ENABLE_IRQS_1: System Timer 1
.endif
    ldr x1, =SYSTEM_TIMER
    ldr w0, =PERIOD
    str w0, [x1, #0x10]                 // C1
    msr daifclr, #2
idle:
    wfi
    b idle

.type handle_irq, %function
handle_irq:
.if BOARD == 4
    ldr x1, =GICC
    ldr w2, [x1, #12]
.endif
    ldr x3, =SYSTEM_TIMER
    ldr w0, [x3, #0x10]
    ldr w4, =PERIOD
    add w0, w0, w4
    str w0, [x3, #0x10]
    mov w0, #2
    str w0, [x3]                        // CS.M1
.if BOARD == 4
    str w2, [x1, #16]
.endif
    ldr x1, =UART
    mov w0, #'T'
    str w0, [x1]
    eret
.ltorg
    VECTORS hang, handle_irq
