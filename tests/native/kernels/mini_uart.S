// Pi 3 and 4: the mini UART, by interrupts: sends back what comes, and a '.' when a line ends.
// Before that it prints the board's revision, out of the mailbox, as eight digits.
.include "common.inc"
.equ AUX, PERIPHERALS + 0x215000
.equ GPIO, PERIPHERALS + 0x200000
.equ MAILBOX, PERIPHERALS + 0xB880
.global _start
_start:
    TO_EL1 0x70000
    ldr x1, =GPIO
    ldr w0, =(2 << 12 | 2 << 15)        // pins 14 and 15: alternate 5
    str w0, [x1, #4]
    ldr x1, =AUX
    mov w0, #1
    str w0, [x1, #0x04]                 // ENABLES: the mini UART
    mov w0, #3
    str w0, [x1, #0x4c]                 // LCR: 8 bits
    mov w0, #(270 + 271 * (BOARD - 3))
    str w0, [x1, #0x68]                 // BAUD: 115313, of 250 and of 500 MHz

    ldr x4, =MAILBOX
    adr x5, buffer
    orr w6, w5, #8                      // the property channel
    str w6, [x4, #0x20]                 // MAIL1_WRITE
1:  ldr w0, [x4, #0x18]                 // MAIL0_STATUS
    tbnz w0, #30, 1b
    ldr w0, [x4]                        // MAIL0_READ
    ldr w6, [x5, #20]
    mov w7, #28
2:  lsr w0, w6, w7
    and w0, w0, #15
    cmp w0, #10
    add w2, w0, #'0'
    add w3, w0, #('a' - 10)
    csel w0, w2, w3, lo
    bl putc
    subs w7, w7, #4
    b.ge 2b

    mov w0, #1
    str w0, [x1, #0x44]                 // IER: what is received
.if BOARD == 4
    GIC_ON 125
.else
    ldr x2, =IC
    mov w0, #(1 << 29)
    str w0, [x2, #0x10]                 // ENABLE_IRQS_1: AUX
.endif
    msr daifclr, #2
idle:
    wfi
    b idle

.type handle_irq, %function
handle_irq:
.if BOARD == 4
    ldr x5, =GICC
    ldr w6, [x5, #12]
.endif
    ldr x1, =AUX
1:  ldr w0, [x1, #0x54]                 // LSR
    tbz w0, #0, 2f
    ldr w0, [x1, #0x40]                 // IO
    bl putc
    cmp w0, #13
    b.ne 1b
    mov w0, #'.'
    bl putc
    b 1b
2:
.if BOARD == 4
    str w6, [x5, #16]
.endif
    eret

.type putc, %function
putc:
    ldr w3, [x1, #0x54]
    tbz w3, #5, putc                    // no room
    str w0, [x1, #0x40]
    ret
.ltorg
.balign 16
buffer:
    .word 32, 0, 0x10002, 4, 0, 0, 0, 0 // Get board revision
    VECTORS hang, handle_irq
