import { createMasker } from '../src/runner/masks.ts';

const SECRETS = 50;
const LOG_BYTES = 32 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
const ROUNDS = 5;

/** Megabytes a second that masking lets through: a plain log, 50 secrets in all their forms, best of five rounds. */
export function benchMasks(): number {
  // Fixed, so that two runs measure the same.
  const secrets = Array.from({ length: SECRETS }, (_, index) =>
    Buffer.from(`secret ${index * 7_919}`).toString('base64url'),
  );
  const masker = createMasker(secrets);
  const log = plainLog();
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const stream = masker.stream();
    const started = performance.now();
    let bytes = 0;
    for (let at = 0; at < log.length; at += CHUNK_BYTES)
      bytes += stream.push(log.subarray(at, at + CHUNK_BYTES)).length;
    bytes += stream.end().length;
    const seconds = (performance.now() - started) / 1000;
    if (bytes !== log.length) throw new Error('masking changed a log without secrets');
    best = Math.max(best, log.length / 1_000_000 / seconds);
  }
  return best;
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
