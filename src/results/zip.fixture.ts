import { crc32 } from 'node:zlib';

/** An entry that no honest tool writes. `mode` is the whole Unix mode, with its type bits. */
export type RawEntry = { readonly name: string; readonly content: string; readonly mode?: number };

/** A zip without compression, with names and modes as given: for tests of readers. */
export function zipOf(entries: readonly RawEntry[]): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const { name, content, mode = 0o100644 } of entries) {
    const nameBytes = Buffer.from(name);
    const data = Buffer.from(content);
    const sizes = Buffer.alloc(12);
    sizes.writeUInt32LE(crc32(data), 0);
    sizes.writeUInt32LE(data.length, 4);
    sizes.writeUInt32LE(data.length, 8);
    const common = Buffer.concat([
      Buffer.from([20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0x50]),
      sizes,
      u16(nameBytes.length),
      u16(0),
    ]);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, nameBytes, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    centrals.push(Buffer.concat([Buffer.from('PK\u0001\u0002'), Buffer.from([20, 3]), common, tail, nameBytes]));
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, central, end]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}
