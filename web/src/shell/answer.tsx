import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { ApiError } from './api.ts';
import { ErrorState } from './error-state.tsx';
import { RowsSkeleton } from './skeletons.tsx';

type AnswerProps<Data> = {
  readonly of: UseQueryResult<Data, ApiError>;
  readonly rows?: number;
  readonly skeleton?: ReactNode;
  readonly children: (data: Data) => ReactNode;
};

/** An answer of the API: on its way, refused, or here. What came before stays while it is asked for again. */
export function Answer<Data>({ of, rows, skeleton, children }: AnswerProps<Data>) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.error !== null) return <ErrorState error={of.error} onRetry={() => void of.refetch()} />;
  return <>{skeleton ?? <RowsSkeleton {...(rows === undefined ? {} : { rows })} />}</>;
}
