/**
 * Owns: people, teams, their roles, tokens, passkeys, sessions and codes to sign in; who a credential belongs to, approvals, and the one
 * decision about who may do what.
 * Never: keeps a token, a cookie or a code itself (only hashes), knows what lies in a repository, decides by what a caller says of itself.
 */
export { type Act, type Approval, approvalEvidence, approvalOptions, needsApproval, useApproval } from './approve.ts';
export { authenticate, type AuthenticateDeps, type Credential } from './authenticate.ts';
export { authorise, authoriseGit, personMay, readableRepositories } from './authorise.ts';
export { forgetChallenges } from './challenge.ts';
export { type ClientMark, markOf } from './client.ts';
export {
  firstSetupCode,
  inviteAgain,
  inviteUser,
  type MadeCode,
  recoverySetupCode,
  redeemCode,
} from './codes.ts';
export { type Grant, type Grantee, listGrants, setGrant } from './grants.ts';
export {
  addPasskey,
  addPasskeyOptions,
  codeRegistrationOptions,
  makeOwnRecoveryCodes,
  passkeySignInOptions,
  registerWithCode,
  type SignInFrom,
  signInWithPasskey,
  signInWithRecoveryCode,
} from './sign-in.ts';
export {
  type AuthenticationResponseJSON,
  listPasskeys,
  type PasskeyInfo,
  type RegistrationResponseJSON,
  removePasskey,
  renamePasskey,
} from './passkeys.ts';
export { actorOf, type IdentityDeps, type JobBounds, type Principal, type TokenBounds } from './principal.ts';
export {
  cancelRequest,
  confirmRequest,
  listRequests,
  openRequest,
  performDueRequests,
  type TwoPersonRequest,
} from './requests.ts';
export { REQUEST_KINDS, REQUEST_STATES } from './tables-request.ts';
export { countRecoveryCodes } from './recovery.ts';
export {
  authenticateSession,
  endSession,
  endSessions,
  isSessionOpen,
  listSessions,
  type MadeSession,
  SESSION_SECONDS_MAX,
  type SessionInfo,
} from './session.ts';
export { identityMigrations, type IdentityTables } from './tables.ts';
export { createOidc, forgetOidc, type Oidc, OIDC_SECONDS_MAX, type OidcSettings } from './oidc.ts';
export { listStale, type Stale } from './stale.ts';
export { createTeam, listTeams, moveTeam, removeTeam, setTeamMember, type Team } from './teams.ts';
export { forgetAttempts, networkOf } from './throttle.ts';
export { hashOfToken, makeToken, type TokenKind, tokenKindOf } from './token-format.ts';
export { createToken, listTokens, type MadeToken, revokeToken, TOKEN_DAYS_MAX, type TokenInfo } from './tokens.ts';
export { OUTSIDE_DAYS_MAX, type User } from './user.ts';
export { findUser, hasOwner, listUsers, removeUser, setRole, userById } from './users.ts';
export {
  type AuthorisedObject,
  ORGANISATION_ROLES,
  type OrganisationRole,
  REPOSITORY_ROLES,
  type RepositoryRole,
  VERBS,
  type Verb,
} from './verbs.ts';
