/* Before the C library's start-up uses it: r2, in which Optiboot leaves what it read from MCUSR. */
    .section .init3, "ax", @progbits
    sts bootloader_mcusr, r2
