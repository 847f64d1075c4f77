import { api, told } from './api.ts';

/** Ends the session of this browser. Everything that was shown is forgotten with the page. */
export async function signOut(): Promise<void> {
  await told(api.POST('/api/v1/sign-out', {}));
  globalThis.location.assign('/sign-in');
}
