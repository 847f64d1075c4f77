/** A recorded run, for tests of other folders. */
export { recordedRun } from './fixture.ts';
