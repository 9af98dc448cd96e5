// MMU on without an ISB behind it, where only the upper range is mapped: what follows MSR SCTLR_EL1 has
// been fetched already, and branches up.  Then code runs high, and takes a translation fault.
.include "common.inc"
.equ HIGH, 0xffffff8000000000
.global _start
_start:
    TO_EL1 0x70000
    UART_ON
    ldr x0, =table                      // one 1 GiB block per entry: RAM, and the devices' part
    ldr x1, =0x0000000000000705         // at 0: AttrIndx 1, AF, shared
    str x1, [x0]
    ldr x1, =0x00000000C0000401         // 3 GiB on: AttrIndx 0 (device), AF
    str x1, [x0, #24]
    msr ttbr1_el1, x0
    ldr x0, =empty
    msr ttbr0_el1, x0
    ldr x0, =0xff00                     // MAIR: 0 device, 1 normal
    msr mair_el1, x0
    movz x0, #0x0019
    movk x0, #0x8019, lsl #16
    movk x0, #0x0001, lsl #32
    msr tcr_el1, x0
    isb
    ldr x2, =HIGH + high
    ldr x1, =HIGH + vectors
    msr vbar_el1, x1
    mrs x0, sctlr_el1
    orr x0, x0, #1
    msr sctlr_el1, x0
    br x2
high:
    ldr x1, =HIGH + UART
    mov w0, #'H'
    str w0, [x1]
    ldr x3, =0x1234000
missing:
    ldr x4, [x3]                        // the lower range is empty
    mov w0, #'!'
    str w0, [x1]
end:
    wfi
    b end

.type handle_fault, %function
handle_fault:
    mrs x5, esr_el1
    mrs x6, far_el1
    ldr x1, =HIGH + UART
    mov w0, #'F'
    str w0, [x1]
    mrs x0, elr_el1
    add x0, x0, #4
    msr elr_el1, x0
    eret
.ltorg
    VECTORS handle_fault, hang
.balign 4096
table: .fill 512, 8, 0
empty: .fill 512, 8, 0
