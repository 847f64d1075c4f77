/**
 * The process that scans one commit of a repository: reads what is wanted from its standard input, writes what it found to its standard
 * output, and ends. It has neither the database nor a key, and of the environment nothing: what strangers wrote is read here.
 */
import { scanCommit } from './scan-commit.ts';

const parts: Buffer[] = [];
for await (const part of process.stdin) parts.push(Buffer.from(part));
const outcome = await scanCommit(JSON.parse(Buffer.concat(parts).toString('utf8')));
await new Promise<void>((done) => {
  process.stdout.write(JSON.stringify(outcome), () => done());
});
process.exit(0);
