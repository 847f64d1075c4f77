import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ApiError } from '../shell/api.ts';
import { textOf } from '../shell/error-state.tsx';

/** Does something that changes what is shown: then everything that is shown is asked for again. */
export function useAct<Input, Result>(work: (input: Input) => Promise<Result>, onDone?: (result: Result) => void) {
  const queries = useQueryClient();
  return useMutation<Result, ApiError, Input>({
    mutationFn: work,
    onSuccess: async (result) => {
      await queries.invalidateQueries();
      onDone?.(result);
    },
    onError: (thrown) => {
      const { title, detail, help } = textOf(thrown);
      notifications.show({ color: 'red', title, message: `${detail} ${help}` });
    },
  });
}
