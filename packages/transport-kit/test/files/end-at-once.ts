/** Ends. */
process.exitCode = 0;
