/**
 * Owns: that one process at a time uses a folder.
 * Never: knows what lies in it, leaves a lock behind that somebody has to take away.
 */
export { holdFolder } from './hold.ts';
