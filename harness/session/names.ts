/** Under which name a session's events stand in its history; also of a scenario that does one again. */
export const SESSION = 'session';
/** The gate that clients come to. */
export const SESSION_GATE = 'session';
