import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { fault } from './faults.ts';
import { bodyOf } from './http.ts';
import type { ResultsLimits } from './limits.ts';
import type { ResultsStore, Staging } from './store.ts';

/** What an upload becomes when it is finished. */
export type UploadTarget =
  | {
      readonly kind: 'artifact';
      readonly name: string;
      readonly mimeType: string;
      readonly expiresAt?: number;
    }
  | { readonly kind: 'cache'; readonly key: string; readonly version: string };

export type Upload = {
  /** Unguessable, in addresses. */
  readonly id: string;
  /** For the older cache protocol. Counts from 1 in this job. */
  readonly number: number;
  readonly target: UploadTarget;
  readonly staging: Staging;
  readonly blocks: Map<string, { readonly start?: number; readonly bytes: number }>;
  /** Names of the blocks in order, once the client said so. */
  committed?: readonly string[];
};

/** The unfinished uploads of one job. */
export class Uploads {
  readonly #store: ResultsStore;
  readonly #limits: ResultsLimits;
  readonly #newId: () => string;
  readonly #open = new Map<string, Upload>();
  #last = 0;
  #isClosed = false;

  constructor(options: { store: ResultsStore; limits: ResultsLimits; newId: () => string }) {
    this.#store = options.store;
    this.#limits = options.limits;
    this.#newId = options.newId;
  }

  /** Begins an upload; one of the same name that was not finished is dropped: its sender tries again. */
  async begin(target: UploadTarget): Promise<Upload> {
    const former = this.find((each) => isSame(each, target));
    if (former !== undefined) await this.drop(former);
    if (this.#isClosed || this.#open.size >= this.#limits.uploadsMax) {
      throw fault('too-many', `${this.#open.size} uploads are unfinished`);
    }
    const upload: Upload = {
      id: this.#newId(),
      number: ++this.#last,
      target,
      staging: await this.#store.stage(),
      blocks: new Map(),
    };
    this.#open.set(upload.id, upload);
    return upload;
  }

  find(matches: (target: UploadTarget, upload: Upload) => boolean): Upload | undefined {
    return [...this.#open.values()].find((upload) => matches(upload.target, upload));
  }

  byId(id: string): Upload {
    const upload = this.#open.get(id);
    if (upload === undefined) throw fault('upload-missing', 'no upload is open at this address');
    return upload;
  }

  /** Takes the body of a request as one block. */
  async receive(upload: Upload, block: string, request: IncomingMessage, start?: number): Promise<number> {
    const { blockBytesMax, blocksMax, stagedBytesMax, artifactBytesMax, cacheBytesMax } = this.#limits;
    if (!upload.blocks.has(block) && upload.blocks.size >= blocksMax) {
      throw fault('too-many', `the upload has ${upload.blocks.size} blocks`);
    }
    const targetMax = upload.target.kind === 'artifact' ? artifactBytesMax : cacheBytesMax;
    const replaced = upload.blocks.get(block)?.bytes ?? 0;
    const room = Math.min(
      blockBytesMax,
      targetMax - bytesOf(upload) + replaced,
      stagedBytesMax - this.#staged() + replaced,
    );
    const body = bodyOf(request, Math.max(room, 0), this.#limits);
    // Counted while it comes in: blocks that arrive at once share the room.
    const announced = Number(request.headers['content-length'] ?? 0);
    upload.blocks.set(block, { bytes: announced, ...(start === undefined ? {} : { start }) });
    try {
      const bytes = await upload.staging.write(block, body, { bytesMax: Math.max(room, 0) });
      upload.blocks.set(block, { bytes, ...(start === undefined ? {} : { start }) });
      return bytes;
    } catch (error) {
      upload.blocks.delete(block);
      throw error;
    }
  }

  /** The whole content, for the store. */
  content(upload: Upload): { readonly content: Readable; readonly bytes: number } {
    const blocks = upload.committed;
    if (blocks === undefined) throw fault('request-invalid', 'the upload was not committed before it was finished');
    const bytes = blocks.reduce((sum, block) => sum + (upload.blocks.get(block)?.bytes ?? 0), 0);
    return { content: upload.staging.read(blocks), bytes };
  }

  async drop(upload: Upload): Promise<void> {
    this.#open.delete(upload.id);
    await upload.staging.discard();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const upload of this.#open.values()) await this.drop(upload);
  }

  #staged(): number {
    return [...this.#open.values()].reduce((sum, upload) => sum + bytesOf(upload), 0);
  }
}

function bytesOf(upload: Upload): number {
  return [...upload.blocks.values()].reduce((sum, block) => sum + block.bytes, 0);
}

function isSame(a: UploadTarget, b: UploadTarget): boolean {
  if (a.kind === 'artifact') return b.kind === 'artifact' && a.name === b.name;
  return b.kind === 'cache' && a.key === b.key && a.version === b.version;
}
