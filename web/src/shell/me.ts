import type { UseQueryResult } from '@tanstack/react-query';
import { type ApiError, type Of, useRead } from './api.ts';

const FRESH_MS = 60_000;

/** Who looks at the pages. */
export function useMe(): UseQueryResult<Of<'Self'>, ApiError> {
  return useRead('/api/v1/user', {}, { staleMs: FRESH_MS });
}
