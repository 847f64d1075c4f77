import { createMasker } from '../src/runner/masks.ts';
import { type Figure, median } from './measure.ts';

const SECRETS = 50;
const LOG_BYTES = 32 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
const ROUNDS = 7;

/** A plain log through masking with 50 secrets in all their forms, in turn with the same chunks copied and nothing else. */
export function benchMasks(): Figure[] {
  // Fixed, so that two runs measure the same.
  const secrets = Array.from({ length: SECRETS }, (_, index) =>
    Buffer.from(`secret ${index * 7_919}`).toString('base64url'),
  );
  const masker = createMasker(secrets);
  const log = plainLog();
  const masked: number[] = [];
  const copied: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    masked.push(
      speed(log, () => {
        const stream = masker.stream();
        let bytes = 0;
        for (const chunk of chunks(log)) bytes += stream.push(chunk).length;
        return bytes + stream.end().length;
      }),
    );
    copied.push(
      speed(log, () => {
        let bytes = 0;
        for (const chunk of chunks(log)) bytes += Buffer.from(chunk).length;
        return bytes;
      }),
    );
  }
  return [
    {
      name: `log masking, ${SECRETS} secrets`,
      value: median(masked),
      unit: 'MB/s',
      bar: { atLeast: 150 },
      judged: false,
    },
    { name: 'the same log copied, nothing masked', value: median(copied), unit: 'MB/s', judged: false },
  ];
}

/** Megabytes a second. */
function speed(log: Buffer, act: () => number): number {
  const started = performance.now();
  const bytes = act();
  const seconds = (performance.now() - started) / 1000;
  if (bytes !== log.length) throw new Error('masking changed a log without secrets');
  return log.length / 1_000_000 / seconds;
}

function* chunks(log: Buffer): Generator<Buffer> {
  for (let at = 0; at < log.length; at += CHUNK_BYTES) yield log.subarray(at, at + CHUNK_BYTES);
}

function plainLog(): Buffer {
  const lines: string[] = [];
  for (let bytes = 0, line = 0; bytes < LOG_BYTES; line++) {
    const text = `2026-01-01T00:00:00.${line % 1000}Z [INFO] compiled src/module_${line % 977}/file.ts in ${(line * 7919) % 1000} ms\n`;
    lines.push(text);
    bytes += text.length;
  }
  return Buffer.from(lines.join(''));
}
