import type { TokenInfo, User } from '../identity/index.ts';
import { iso, isoOf } from './schema.ts';

/** People and tokens as the API tells them. */
export const memberOf = ({ createdAt, expiresAt, ...user }: User) => ({
  ...user,
  createdAt: iso(createdAt),
  ...isoOf('expiresAt', expiresAt),
});

export const tokenOf = ({ createdAt, expiresAt, lastUsedAt, revokedAt, ...info }: TokenInfo) => ({
  ...info,
  createdAt: iso(createdAt),
  expiresAt: iso(expiresAt),
  ...isoOf('lastUsedAt', lastUsedAt),
  ...isoOf('revokedAt', revokedAt),
});
