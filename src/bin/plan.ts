import type { Commands, PlannedFile } from '../cli/index.ts';
import { systemClock } from '../base/index.ts';
import { planFiles } from '../engine/index.ts';
import { parsePayload } from '../event/index.ts';
import { createReader } from '../workflow/index.ts';
import { readPayload } from './payload.ts';

/** `sallyport plan` and `sallyport run -l`: reads files only, fetches and runs nothing. */
export async function plan({
  paths,
  directory,
  eventName,
  eventFile,
}: Parameters<Commands['plan']>[0]): Promise<readonly PlannedFile[]> {
  const reader = createReader();
  try {
    const plans = await planFiles(
      {
        paths,
        folder: directory,
        now: systemClock.now(),
        ...(eventName === undefined ? {} : { eventName }),
        ...(eventFile === undefined ? {} : { payload: parsePayload(await readPayload(eventFile)) }),
      },
      { reader },
    );
    return plans.map((one) => ({ ...one, json: one }));
  } finally {
    await reader.close();
  }
}
