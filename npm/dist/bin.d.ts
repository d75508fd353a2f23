/** The launcher, for a child process to run: `require.resolve('@kaelio/ktx/dist/bin.js')`. It exports nothing. */
export {};
