// How long a test waits for something before it says that it never comes. No test measures by it: where a machine is busy
// with other things, what takes milliseconds takes seconds.

/** Milliseconds. */
export const patience = 60_000
