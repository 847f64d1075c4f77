import type { Visits } from '../visit.ts';

/** Of who is not signed in: the page asks who it is and is told that it is nobody. */
const NOBODY = [/status of 401/];

export const visits: Visits['visits'] = [
  { route: '-/people', state: 'some', path: () => '/-/people' },
  { route: '-/teams', state: 'none', path: () => '/-/teams' },
  { route: '-/tokens', state: 'some', path: () => '/-/tokens' },
  { route: '-/sessions', state: 'by a token', path: () => '/-/sessions' },
  { route: 'setup', state: 'without a code', path: () => '/setup', isAnonymous: true, allowed: NOBODY },
  { route: 'sign-in', state: 'first', path: () => '/sign-in', isAnonymous: true, allowed: NOBODY },
];
