/**
 * Owns: people, teams, their roles, tokens and codes to sign in; who a credential belongs to, and the one decision about who may do
 * what.
 * Never: keeps a token or a code itself (only hashes), knows what lies in a repository, decides by what a caller says of itself.
 */
export { authenticate, type AuthenticateDeps, type Credential } from './authenticate.ts';
export { authorise, authoriseGit, personMay, readableRepositories } from './authorise.ts';
export {
  firstSetupCode,
  inviteAgain,
  inviteUser,
  type MadeCode,
  recoverySetupCode,
  redeemCode,
} from './codes.ts';
export { type Grant, type Grantee, listGrants, setGrant } from './grants.ts';
export { actorOf, type IdentityDeps, type JobBounds, type Principal, type TokenBounds } from './principal.ts';
export { identityMigrations, type IdentityTables } from './tables.ts';
export { createTeam, listTeams, moveTeam, removeTeam, setTeamMember, type Team } from './teams.ts';
export { forgetAttempts, networkOf } from './throttle.ts';
export { hashOfToken, makeToken, type TokenKind, tokenKindOf } from './token-format.ts';
export { createToken, listTokens, type MadeToken, revokeToken, TOKEN_DAYS_MAX, type TokenInfo } from './tokens.ts';
export { findUser, hasOwner, listUsers, removeUser, setRole, type User, userById } from './users.ts';
export {
  type AuthorisedObject,
  ORGANISATION_ROLES,
  type OrganisationRole,
  REPOSITORY_ROLES,
  type RepositoryRole,
  VERBS,
  type Verb,
} from './verbs.ts';
