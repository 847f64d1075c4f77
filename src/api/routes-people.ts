import { z } from '@hono/zod-openapi';
import {
  createTeam,
  createToken,
  findUser,
  type Grantee,
  inviteAgain,
  inviteUser,
  listGrants,
  listTeams,
  listTokens,
  listUsers,
  moveTeam,
  openRequest,
  OUTSIDE_DAYS_MAX,
  redeemCode,
  removeTeam,
  removeUser,
  revokeToken,
  setGrant,
  setRole,
  setTeamMember,
  type User,
} from '../identity/index.ts';
import { fault } from './faults.ts';
import { anybody, type Call, organisation, repository, self } from './route.ts';
import {
  idOfCursor,
  idPage,
  idParam,
  iso,
  memberSchema,
  organisationRole,
  pageOf,
  pageQuery,
  repositoryRole,
  sizeOfPage,
  time,
  tokenSchema,
  userName,
} from './schema.ts';
import { requestOf, requestSchema } from './routes-requests.ts';
import { memberOf, tokenOf } from './views-people.ts';

const madeToken = z.strictObject({ token: z.string(), info: tokenSchema }).openapi('MadeToken');
const codeSchema = z.strictObject({ code: z.string(), expiresAt: time }).openapi('SignInCode');
const userParam = { user: userName };
const days = z.int().min(1).max(90).optional();
/** How long somebody from outside is there. */
const outsideDays = z.int().min(1).max(OUTSIDE_DAYS_MAX).optional();

async function requireMember({ deps }: Call, name: string): Promise<User> {
  const user = await findUser(deps.db, name);
  if (user === undefined) throw fault('not-found', 'there is no such member');
  return user;
}

export const signInRoutes = [
  anybody.json(
    {
      method: 'post',
      path: '/sign-in',
      verb: undefined,
      tag: 'People',
      summary: 'Signs in with a code that works once, and gives a token',
      rate: 'sign-in',
      tellsSecret: true,
      status: 201,
      body: z.strictObject({
        code: z.string().max(100),
        name: userName.optional(),
        device: z.string().min(1).max(100),
        days,
      }),
      reply: z.strictObject({ user: memberSchema, token: z.string(), info: tokenSchema }).openapi('SignedIn'),
    },
    async ({ deps, address }, { body }) => {
      const { code, device, name, days: wanted } = body;
      const { user, token, info } = await redeemCode(deps, {
        code,
        device,
        address,
        ...(name === undefined ? {} : { name }),
        ...(wanted === undefined ? {} : { days: wanted }),
      });
      return { user: memberOf(user), token: token.expose(), info: tokenOf(info) };
    },
  ),
  self.json(
    {
      method: 'get',
      path: '/user',
      verb: 'self.read',
      tag: 'People',
      summary: 'Who asks, and with which token',
      reply: z
        .strictObject({
          id: z.int(),
          name: z.string(),
          role: organisationRole,
          /** What came: the token of a program, or the session of a browser. */
          source: z.enum(['token', 'session']),
          token: z.strictObject({
            id: z.int(),
            scopes: z.array(z.string()),
            repositories: z.array(z.int()).optional(),
            expiresAt: time,
          }),
        })
        .openapi('Self'),
    },
    async ({ principal, userId }) => {
      const { token } = principal;
      if (token === undefined || token.source === 'request') throw fault('not-found', 'this is for people');
      const { id, source, role, scopes, repositories, expiresAt } = token;
      return {
        id: userId,
        name: principal.name,
        role,
        source,
        token: {
          id,
          scopes,
          ...(repositories === undefined ? {} : { repositories }),
          expiresAt: iso(expiresAt),
        },
      };
    },
  ),
];

export const tokenRoutes = [
  self.json(
    {
      method: 'get',
      path: '/tokens',
      verb: 'token.manage',
      tag: 'Tokens',
      summary: 'Own tokens, newest first',
      query: pageQuery,
      reply: pageOf(tokenSchema, 'TokenPage'),
    },
    async ({ deps, userId }, { query }) => listed(deps, userId, query),
  ),
  self.json(
    {
      method: 'post',
      path: '/tokens',
      verb: 'token.manage',
      tag: 'Tokens',
      summary: 'Makes a token; it is told once',
      approval: 'act',
      tellsSecret: true,
      status: 201,
      body: z.strictObject({
        name: z.string().min(1).max(100),
        scopes: z.array(z.string().max(60)).min(1).max(60),
        repositories: z.array(z.int().positive()).min(1).max(100).optional(),
        days,
      }),
      reply: madeToken,
    },
    async ({ deps, principal }, { body }) => {
      const { name, scopes, repositories, days: wanted } = body;
      const { token, info } = await createToken(deps, principal, {
        name,
        scopes,
        ...(repositories === undefined ? {} : { repositories }),
        ...(wanted === undefined ? {} : { days: wanted }),
      });
      return { token: token.expose(), info: tokenOf(info) };
    },
  ),
  // Whose it is decides: one's own, or with `token.review` anybody's.
  self.json(
    {
      method: 'delete',
      path: '/tokens/{token}',
      verb: 'self.read',
      tag: 'Tokens',
      summary: 'Ends a token and all that were made with it',
      params: { token: idParam },
      reply: z.strictObject({ revoked: z.array(z.int()) }),
    },
    async ({ deps, principal }, { params }) => ({ revoked: await revokeToken(deps, principal, params.token) }),
  ),
  organisation.json(
    {
      method: 'get',
      path: '/organisation/tokens',
      verb: 'token.review',
      tag: 'Tokens',
      summary: "Everybody's tokens, newest first",
      query: pageQuery,
      reply: pageOf(tokenSchema, 'TokenPage'),
    },
    async ({ deps }, { query }) => listed(deps, undefined, query),
  ),
];

async function listed(
  deps: Call['deps'],
  userId: number | undefined,
  query: { readonly cursor?: string | undefined; readonly limit?: number | undefined },
) {
  const limit = sizeOfPage(query.limit);
  const before = idOfCursor(query.cursor);
  const tokens = await listTokens(deps.db, userId, { limit: limit + 1, ...(before === undefined ? {} : { before }) });
  return idPage(tokens.map(tokenOf), limit);
}

export const memberRoutes = [
  organisation.json(
    {
      method: 'get',
      path: '/members',
      verb: 'member.read',
      tag: 'People',
      summary: 'The members',
      query: pageQuery,
      reply: pageOf(memberSchema, 'MemberPage'),
    },
    async ({ deps }, { query }) => {
      const limit = sizeOfPage(query.limit);
      const after = idOfCursor(query.cursor);
      const users = await listUsers(deps.db, { limit: limit + 1, ...(after === undefined ? {} : { after }) });
      return idPage(users.map(memberOf), limit);
    },
  ),
  organisation.json(
    {
      method: 'post',
      path: '/members',
      verb: 'member.manage',
      tag: 'People',
      summary: 'Adds a member, and gives a code with which they sign in',
      approval: 'act',
      tellsSecret: true,
      status: 201,
      body: z.strictObject({ name: userName, role: organisationRole, days: outsideDays }),
      reply: z
        .strictObject({
          member: memberSchema,
          code: z.string(),
          expiresAt: time,
          /** For an owner: what a second person has to confirm. Until then they are a member. */
          request: requestSchema.optional(),
        })
        .openapi('Invited'),
    },
    async ({ deps, principal }, { body }) => {
      const { user, code, expiresAt, request } = await inviteUser(deps, principal, {
        name: body.name,
        role: body.role,
        ...(body.days === undefined ? {} : { days: body.days }),
      });
      return {
        member: memberOf(user),
        code: code.expose(),
        expiresAt: iso(expiresAt),
        ...(request === undefined ? {} : { request: requestOf(request) }),
      };
    },
  ),
  organisation.json(
    {
      method: 'post',
      path: '/members/{user}/code',
      verb: 'member.manage',
      tag: 'People',
      summary: 'Another code for a member to sign in with; it replaces the one before',
      approval: 'act',
      tellsSecret: true,
      status: 201,
      params: userParam,
      reply: codeSchema,
    },
    async (call, { params }) => {
      const { id } = await requireMember(call, params.user);
      const { code, expiresAt } = await inviteAgain(call.deps, call.principal, id);
      return { code: code.expose(), expiresAt: iso(expiresAt) };
    },
  ),
  organisation.json(
    {
      method: 'patch',
      path: '/members/{user}',
      verb: 'member.manage',
      tag: 'People',
      summary: 'Changes the role of a member',
      approval: 'act',
      params: userParam,
      body: z.strictObject({ role: organisationRole, days: outsideDays }),
      reply: z
        .strictObject({
          member: memberSchema,
          /** To make somebody an owner, a second person has to confirm it. */
          request: requestSchema.optional(),
        })
        .openapi('RoleChanged'),
    },
    async (call, { params, body: { role, days: until } }) => {
      const { deps, principal } = call;
      const user = await requireMember(call, params.user);
      if (role !== 'owner' || user.role === 'owner') {
        return { member: memberOf(await setRole(deps, principal, user.id, role, until)) };
      }
      const request = await openRequest(deps, principal, { kind: 'member.owner', object: user });
      return { member: memberOf(user), request: requestOf(request) };
    },
  ),
  organisation.none(
    {
      method: 'delete',
      path: '/members/{user}',
      verb: 'member.manage',
      tag: 'People',
      summary: 'Removes a member with all tokens, teams and grants',
      approval: 'act',
      params: userParam,
    },
    async (call, { params }) => {
      const { id } = await requireMember(call, params.user);
      await removeUser(call.deps, call.principal, id);
    },
  ),
];

const teamSchema = z
  .strictObject({ id: z.int(), name: z.string(), parentId: z.int().optional(), members: z.array(z.int()) })
  .openapi('Team');
const teamParam = { team: idParam };

export const teamRoutes = [
  organisation.json(
    {
      method: 'get',
      path: '/teams',
      verb: 'member.read',
      tag: 'Teams',
      summary: 'All teams with their members',
      reply: pageOf(teamSchema, 'TeamPage'),
    },
    async ({ deps }) => ({
      items: await listTeams(deps.db),
    }),
  ),
  organisation.json(
    {
      method: 'post',
      path: '/teams',
      verb: 'member.manage',
      tag: 'Teams',
      summary: 'Makes a team, perhaps within another one',
      status: 201,
      body: z.strictObject({ name: userName, parentId: z.int().positive().optional() }),
      reply: teamSchema,
    },
    async ({ deps, principal }, { body }) => {
      const { name, parentId } = body;
      return createTeam(deps, principal, { name, ...(parentId === undefined ? {} : { parentId }) });
    },
  ),
  organisation.none(
    {
      method: 'patch',
      path: '/teams/{team}',
      verb: 'member.manage',
      tag: 'Teams',
      summary: 'Moves a team into another one, or to the top',
      approval: 'act',
      params: teamParam,
      body: z.strictObject({ parentId: z.int().positive().nullable() }),
    },
    async ({ deps, principal }, { params, body }) => moveTeam(deps, principal, params.team, body.parentId ?? undefined),
  ),
  organisation.none(
    {
      method: 'delete',
      path: '/teams/{team}',
      verb: 'member.manage',
      tag: 'Teams',
      summary: 'Removes a team with its grants',
      params: teamParam,
    },
    async ({ deps, principal }, { params }) => removeTeam(deps, principal, params.team),
  ),
  ...(
    [
      ['put', true, 'Puts a member into a team'],
      ['delete', false, 'Takes a member out of a team'],
    ] as const
  ).map(([method, isMember, summary]) =>
    organisation.none(
      {
        method,
        path: '/teams/{team}/members/{user}',
        verb: 'member.manage',
        tag: 'Teams',
        summary,
        approval: 'act',
        params: { ...teamParam, ...userParam },
      },
      async (call, { params }) => {
        const { id } = await requireMember(call, params.user);
        await setTeamMember(call.deps, call.principal, { teamId: params.team, userId: id, isMember });
      },
    ),
  ),
];

const grantSchema = z
  .strictObject({
    to: z.strictObject({ type: z.enum(['user', 'team']), id: z.int(), name: z.string() }),
    role: repositoryRole,
  })
  .openapi('Grant');

const toUser = async (call: Call, name: string): Promise<Grantee> => ({
  type: 'user',
  id: (await requireMember(call, name)).id,
});

export const accessRoutes = [
  repository.json(
    {
      method: 'get',
      path: '/access',
      verb: 'access.read',
      tag: 'Access',
      summary: 'Who has which role in the repository by name',
      reply: pageOf(grantSchema, 'GrantPage'),
    },
    async ({ deps, repository: { id } }) => ({ items: await listGrants(deps.db, id) }),
  ),
  repository.none(
    {
      method: 'put',
      path: '/access/users/{user}',
      verb: 'access.manage',
      tag: 'Access',
      summary: 'Gives a member a role in the repository',
      approval: 'act',
      params: userParam,
      body: z.strictObject({ role: repositoryRole }),
    },
    async (call, { params, body }) =>
      setGrant(call.deps, call.principal, {
        repositoryId: call.repository.id,
        to: await toUser(call, params.user),
        role: body.role,
      }),
  ),
  repository.none(
    {
      method: 'delete',
      path: '/access/users/{user}',
      verb: 'access.manage',
      tag: 'Access',
      summary: "Takes a member's role in the repository",
      params: userParam,
    },
    async (call, { params }) =>
      setGrant(call.deps, call.principal, {
        repositoryId: call.repository.id,
        to: await toUser(call, params.user),
        role: undefined,
      }),
  ),
  repository.none(
    {
      method: 'put',
      path: '/access/teams/{team}',
      verb: 'access.manage',
      tag: 'Access',
      summary: 'Gives a team a role in the repository',
      approval: 'act',
      params: teamParam,
      body: z.strictObject({ role: repositoryRole }),
    },
    async ({ deps, principal, repository: { id } }, { params, body }) =>
      setGrant(deps, principal, { repositoryId: id, to: { type: 'team', id: params.team }, role: body.role }),
  ),
  repository.none(
    {
      method: 'delete',
      path: '/access/teams/{team}',
      verb: 'access.manage',
      tag: 'Access',
      summary: "Takes a team's role in the repository",
      params: teamParam,
    },
    async ({ deps, principal, repository: { id } }, { params }) =>
      setGrant(deps, principal, { repositoryId: id, to: { type: 'team', id: params.team }, role: undefined }),
  ),
];
