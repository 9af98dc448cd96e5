// All cores begin here at EL3, secure (an old kernel at 0, without the firmware's armstub).  Core 0 does
// what the armstub does with the GIC, but leaves the secure timer's interrupt (INTID 29) in group 0, as
// a FIQ of EL3.  Then a driver at non-secure EL1 sets up the GIC as it sees it, for INTID 30 as an IRQ.
.include "common.inc"
.equ PERIOD, 54000                      // 1 ms
.global _start
_start:
    mrs x0, mpidr_el1
    and x0, x0, #3
    cbnz x0, park
    ldr x1, =GICD
    mov w0, #3                          // EnableGrp0, EnableGrp1
    str w0, [x1]
    mov w0, #~(1 << 29)
    str w0, [x1, #0x80]                 // IGROUPR0: all but the secure timer
    mov w0, #-1
    add x2, x1, #0x84
    mov w3, #6
1:  str w0, [x2], #4
    subs w3, w3, #1
    b.ne 1b
    mov w0, #(1 << 29)
    str w0, [x1, #0x100]                // ISENABLER0
    ldr x1, =GICC
    mov w0, #0x1e7 | (1 << 3)           // both groups, bypasses off; FIQEn
    bic w0, w0, #(1 << 2)               // AckCtl off
    str w0, [x1]
    mov w0, #0xff
    str w0, [x1, #4]
    adr x0, secure_vectors
    msr vbar_el3, x0
    ldr x0, =0x30000
    mov sp, x0                          // SP_EL3
    ldr x0, =(PERIOD * 5 / 2)
    msr S3_7_C14_C2_0, x0               // CNTPS_TVAL_EL1: 2.5 ms
    mov x0, #1
    msr S3_7_C14_C2_1, x0               // CNTPS_CTL_EL1
    mov x0, #(0x5b1 | (1 << 2))         // SCR_EL3: as the armstub, and FIQs to EL3
    msr scr_el3, x0
    mov x0, #0x3c9
    msr spsr_el3, x0
    adr x0, driver
    msr elr_el3, x0
    eret
driver:
    TO_EL1 0x70000
    UART_ON
    GIC_ON 30
    ldr x0, =PERIOD
    msr cntp_tval_el0, x0
    mov x0, #1
    msr cntp_ctl_el0, x0
    msr daifclr, #2
idle:
    wfi
    b idle
park:
    wfe
    b park

.type handle_irq, %function
handle_irq:
    ldr x1, =GICC
    ldr w2, [x1, #12]
    ldr x0, =PERIOD
    msr cntp_tval_el0, x0
    str w2, [x1, #16]
    ldr x1, =UART
    mov w0, #'n'
    str w0, [x1]
    eret

.type handle_secure_fiq, %function
handle_secure_fiq:
    stp x0, x1, [sp, #-32]!
    str x2, [sp, #16]
    ldr x1, =GICC
    ldr w2, [x1, #12]
    msr S3_7_C14_C2_1, xzr
    str w2, [x1, #16]
    ldr x1, =UART
    add w0, w2, #('S' - 29)             // S for INTID 29
    str w0, [x1]
    ldr x2, [sp, #16]
    ldp x0, x1, [sp], #32
    eret
.ltorg
    VECTORS hang, handle_irq
.balign 2048
secure_vectors:
.rept 10
    .balign 128
    b hang
.endr
    .balign 128                         // FIQ, from a lower level: 0x500
    b handle_secure_fiq
.rept 5
    .balign 128
    b hang
.endr
