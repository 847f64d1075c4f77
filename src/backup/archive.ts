import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Decrypter, Encrypter } from 'age-encryption';
import { extract, pack } from 'tar-stream';
import { excerpt, isFault, reasonOf, type Secret } from '../base/index.ts';
import { fault } from './faults.ts';

/** Adds one entry: bytes, or a stream of so many bytes. */
export type AddEntry = (
  name: string,
  content: Buffer | { readonly bytes: number; readonly stream: Readable },
) => Promise<void>;

export type ArchiveEntry = { readonly name: string; readonly bytes: number; readonly stream: Readable };

const NAME_CHARACTERS_MAX = 400;

/**
 * Writes a tar archive (POSIX.1-2001) that age encrypts for the recipients (https://age-encryption.org/v1), so that `age -d | tar x`
 * opens it without Sallyport. Throws `backup/recipient-invalid`.
 */
export async function writeArchive(
  output: Writable,
  recipients: readonly string[],
  produce: (add: AddEntry) => Promise<void>,
): Promise<void> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (thrown) {
      throw fault('recipient-invalid', excerpt(recipient, 100), { cause: thrown });
    }
  }
  const archive = pack();
  const add: AddEntry = async (name, content) => {
    if (Buffer.isBuffer(content)) {
      await new Promise<void>((done, failed) => {
        archive.entry({ name, mode: 0o600 }, content, (error) => (error ? failed(error) : done()));
      });
      return;
    }
    await new Promise<void>((done, failed) => {
      const entry = archive.entry({ name, mode: 0o600, size: content.bytes }, (error) =>
        error ? failed(error) : done(),
      );
      pipeline(content.stream, entry).catch(failed);
    });
  };
  const produced = produce(add).then(
    () => archive.finalize(),
    (thrown: unknown) => archive.destroy(thrown instanceof Error ? thrown : new Error(reasonOf(thrown))),
  );
  const encrypted = await encrypter.encrypt(Readable.toWeb(Readable.from(archive)) as ReadableStream<Uint8Array>);
  await pipeline(Readable.fromWeb(encrypted as Parameters<typeof Readable.fromWeb>[0]), output);
  await produced;
}

/**
 * Reads what `writeArchive` wrote, entry by entry, in order. The stream of one must be read before the next is asked for. Faults:
 * `backup/key-wrong`, `backup/archive-broken`.
 */
export async function* readArchive(input: Readable, identities: readonly Secret[]): AsyncGenerator<ArchiveEntry> {
  const decrypter = new Decrypter();
  try {
    for (const identity of identities) decrypter.addIdentity(identity.expose());
  } catch (thrown) {
    throw fault('key-wrong', 'this is no identity of age', { cause: thrown });
  }
  let plain: ReadableStream<Uint8Array>;
  try {
    plain = await decrypter.decrypt(Readable.toWeb(input) as ReadableStream<Uint8Array>);
  } catch (thrown) {
    throw fault('key-wrong', reasonOf(thrown), { cause: thrown });
  }
  const archive = extract();
  const fed = pipeline(Readable.fromWeb(plain as Parameters<typeof Readable.fromWeb>[0]), archive);
  fed.catch(() => undefined);
  try {
    for await (const stream of archive) {
      const { name, size, type } = stream.header;
      if (type !== 'file' || name.length > NAME_CHARACTERS_MAX) {
        throw fault('archive-broken', `the archive has an entry ${excerpt(name, 100)} of type ${type}`);
      }
      yield { name, bytes: size, stream: Readable.from(stream) };
    }
    await fed;
  } catch (thrown) {
    if (isFault(thrown)) throw thrown;
    throw fault('archive-broken', reasonOf(thrown), { cause: thrown });
  } finally {
    archive.destroy();
  }
}
