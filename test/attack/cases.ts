import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Attack } from './attack.ts';

/** All attacks of the folder `cases`, in the order of its files. */
export async function loadAttacks(): Promise<readonly Attack[]> {
  const folder = path.join(import.meta.dirname, 'cases');
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .sort();
  const attacks: Attack[] = [];
  for (const file of files) {
    const loaded: { readonly attacks?: readonly Attack[] } = await import(path.join(folder, file));
    if (loaded.attacks === undefined) throw new Error(`${file} exports no \`attacks\``);
    attacks.push(...loaded.attacks);
  }
  const ids = attacks.map((attack) => attack.id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new Error(`two attacks are called ${twice}`);
  return attacks;
}
