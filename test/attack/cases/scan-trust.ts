import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { osv } from '../../support/advisories.ts';
import type { Attack } from '../attack.ts';
import { BREACH, bash, cut, onHost, type Ran } from '../arena.ts';
import { makeScanPlace, type ScanPlace } from '../scan-arms.ts';

const FLAW = JSON.stringify(
  osv('GHSA-flaw', 'PyPI', 'jinja2', { aliases: ['CVE-2024-1'], events: [{ introduced: '0' }, { fixed: '3.0' }] }),
);
const OTHER = JSON.stringify(osv('GHSA-other', 'PyPI', 'flask', { events: [{ introduced: '0' }, { fixed: '1.0' }] }));
const KEPT = JSON.stringify(
  osv('GHSA-flaw', 'PyPI', 'jinja2', {
    aliases: ['CVE-2024-1'],
    events: [{ introduced: '0' }, { fixed: '2.4' }],
    record: { modified: '2025-01-01T00:00:00Z' },
  }),
);
const ACQUITTAL = JSON.stringify({
  '@context': 'https://openvex.dev/ns/v0.2.0',
  '@id': 'https://example.org/vex',
  author: 'A',
  statements: [
    {
      vulnerability: { name: 'CVE-2024-1' },
      products: [{ '@id': 'pkg:pypi/jinja2' }],
      status: 'not_affected',
      justification: 'component_not_present',
    },
  ],
});
const SUPPRESSION = `- rule: vulnerable-package
  reason: it is fine
  owner: somebody
  expires: 2099-01-01
`;
/** Bytes that the entry of the bomb unpacks to: the archive has a thousandth. */
const BOMB_BYTES = 2 * 1024 ** 3;

async function withAdvisories(act: (place: ScanPlace) => Promise<Ran>): Promise<Ran> {
  using place = makeScanPlace();
  place.write({ 'flaw.json': FLAW, 'other.json': OTHER, 'tree/requirements.txt': 'jinja2==2.5\n' });
  await place.sallyport(['advisories', 'import', path.join(place.folder, 'flaw.json')]);
  return await act(place);
}

const scanOf = (place: ScanPlace, ...args: readonly string[]) =>
  place.sallyport(['scan', '--json', '--only', 'dependencies', ...args]);
const isTold = (ran: Ran) => ran.code === 1 && ran.output.includes('CVE-2024-1');
/** The scan says that all is well. */
const isSilent = (ran: Ran) => ({ succeeded: ran.code === 0 && !ran.output.includes('CVE-2024-1'), detail: cut(ran) });

/** A change that brings a flawed package, and with it what says that the flaw is none. */
function fromChange(id: string, title: string, files: { readonly [path: string]: string }): Attack {
  const arm = (isGate: boolean) =>
    withAdvisories(async (place) => {
      place.write({ 'tree/requirements.txt': 'requests==2.32.0\n' });
      await place.git('init', '-q');
      await place.git('add', '-A');
      await place.git('commit', '-qm', 'Base');
      const base = await place.git('rev-parse', 'HEAD');
      const own = Object.entries(files).map(([name, text]) => [`tree/${name}`, text]);
      place.write({ 'tree/requirements.txt': 'requests==2.32.0\njinja2==2.5\n', ...Object.fromEntries(own) });
      await place.git('add', '-A');
      await place.git('commit', '-qm', 'Change');
      return await scanOf(place, '--change', `${base}..HEAD`, ...(isGate ? ['--gate', base] : []));
    });
  return {
    id: `K22-${id}`,
    title,
    controls: ['K17', 'K22'],
    product: async () => {
      const ran = await arm(true);
      return { refused: isTold(ran) && ran.output.includes('settings-from-change'), detail: cut(ran) };
    },
    control: async () => isSilent(await arm(false)),
  };
}

/** Another installation, of the attacker, that knows nothing of the flaw. Answers the public key of its bundle. */
async function makeForeign(
  place: ScanPlace,
): Promise<{ readonly bundle: string; readonly folder: string; readonly key: string }> {
  await place.sallyport(['advisories', 'import', path.join(place.folder, 'other.json')], { state: 'theirs' });
  const folder = path.join(place.folder, 'theirs/sallyport/advisories');
  const status = await place.sallyport(['advisories', 'status', '--json'], { state: 'theirs' });
  const key = /"publicKey": ?"([^"]+)"/.exec(status.output)?.[1] ?? '';
  if (key === '') throw new TypeError('the attack could not be set up');
  return { bundle: path.join(folder, 'advisories.bundle'), folder, key };
}

/** The bundle is from the day when the flaw was thought to end with 2.4. */
async function importKept(place: ScanPlace, options: readonly string[]): Promise<Ran> {
  place.write({ 'other.json': KEPT });
  const { bundle, key } = await makeForeign(place);
  const imported = await place.sallyport(['advisories', 'import', ...options, '--trust-key', key, bundle]);
  return imported.code === 0 ? scanOf(place) : imported;
}

const isStillTold = (ran: Ran) => ({ refused: isTold(ran), detail: cut(ran) });

const ownFolder = (place: ScanPlace) => path.join(place.folder, 'state/sallyport/advisories');

/** Who decides what counts: which flaws are known, and which of them matter. */
export const attacks: readonly Attack[] = [
  fromChange('scan-vex-from-change', 'a change brings a flawed package and the VEX document that acquits it', {
    'acquittal.openvex.json': ACQUITTAL,
  }),
  fromChange('scan-suppression-from-change', 'a change brings a flawed package and the suppression of its finding', {
    '.sallyport/suppressions.yml': SUPPRESSION,
  }),
  {
    id: 'K19-advisories-foreign-bundle',
    title: 'a bundle of advisories that another installation signed takes the place of ours',
    controls: ['K19'],
    product: async () => {
      let imported: Ran | undefined;
      const ran = await withAdvisories(async (place) => {
        const { bundle } = await makeForeign(place);
        imported = await place.sallyport(['advisories', 'import', '--replace', bundle]);
        return await scanOf(place);
      });
      const isRefused = imported?.code !== 0 && imported?.output.includes('advisory/bundle-untrusted') === true;
      return { refused: isRefused && isTold(ran), detail: cut(imported ?? ran) };
    },
    control: async () =>
      isSilent(
        await withAdvisories(async (place) => {
          const { bundle, key } = await makeForeign(place);
          await place.sallyport(['advisories', 'import', '--replace', '--trust-key', key, bundle]);
          return await scanOf(place);
        }),
      ),
  },
  {
    id: 'K19-advisories-swapped',
    title: 'a file in the state folder is swapped for a bundle that does not know the flaw',
    controls: ['K19'],
    product: async () => {
      const ran = await withAdvisories(async (place) => {
        copyFileSync((await makeForeign(place)).bundle, path.join(ownFolder(place), 'advisories.bundle'));
        return await scanOf(place);
      });
      return { refused: ran.code === 3 && ran.output.includes('not trusted here'), detail: cut(ran) };
    },
    control: async () =>
      isSilent(
        await withAdvisories(async (place) => {
          const { bundle, folder } = await makeForeign(place);
          copyFileSync(bundle, path.join(ownFolder(place), 'advisories.bundle'));
          copyFileSync(path.join(folder, 'signing-key.pem'), path.join(ownFolder(place), 'signing-key.pem'));
          return await scanOf(place);
        }),
      ),
  },
  {
    id: 'K19-advisories-tampered',
    title: 'one byte of the records of a signed bundle is another',
    controls: ['K19'],
    product: async () => {
      const ran = await withAdvisories(async (place) => {
        const file = path.join(ownFolder(place), 'advisories.bundle');
        const bytes = readFileSync(file);
        bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1;
        writeFileSync(file, bytes);
        return await scanOf(place);
      });
      return { refused: ran.code === 3 && !ran.output.includes('CVE-2024-1'), detail: cut(ran) };
    },
    // Whoever may sign can say anything: that no record is about the package any more.
    control: async () =>
      isSilent(
        await withAdvisories(async (place) => {
          await place.sallyport(['advisories', 'import', '--replace', path.join(place.folder, 'other.json')]);
          return await scanOf(place);
        }),
      ),
  },
  {
    id: 'K19-advisories-rolled-back',
    title: 'a bundle that a trusted installation signed long ago takes back what is known by now',
    controls: ['K19'],
    product: async () => isStillTold(await withAdvisories((place) => importKept(place, []))),
    control: async () => isSilent(await withAdvisories((place) => importKept(place, ['--replace']))),
  },
  {
    id: 'K19-advisories-bomb',
    title: 'an archive of advisories of two megabytes unpacks to two gigabytes',
    controls: ['K19'],
    product: async () => {
      let imported: Ran | undefined;
      const ran = await withAdvisories(async (place) => {
        await makeBomb(place);
        imported = await place.sallyport(['advisories', 'import', path.join(place.folder, 'all.zip')]);
        return await scanOf(place);
      });
      const isRefused = imported?.output.includes('advisory/input-too-large') === true;
      return { refused: isRefused && isTold(ran), detail: cut(imported ?? ran) };
    },
    control: async () => {
      using place = makeScanPlace();
      await makeBomb(place);
      const script = `python3 -c "
import zipfile
left = ${BOMB_BYTES}
with zipfile.ZipFile('all.zip').open('GHSA-bomb.json') as entry:
    while chunk := entry.read(1 << 20): left -= len(chunk)
print('${BREACH}' if left <= 0 else left)"`;
      const ran = await onHost(bash(script), { cwd: place.folder });
      return { succeeded: ran.output.includes(BREACH), detail: cut(ran) };
    },
  },
  {
    id: 'K19-advisories-deep',
    title: 'a record that nests a hundred thousand levels deep ends the import, and with it what was known',
    controls: ['K19'],
    product: async () => {
      let imported: Ran | undefined;
      const ran = await withAdvisories(async (place) => {
        place.write({ 'deep.json': `{"id": "GHSA-deep", "x": ${'['.repeat(100_000)}${']'.repeat(100_000)}}` });
        imported = await place.sallyport(['advisories', 'import', path.join(place.folder, 'deep.json')]);
        return await scanOf(place);
      });
      return {
        refused: isTold(ran) && imported?.output.includes('unexpected failure') !== true,
        detail: cut(imported ?? ran),
      };
    },
    // Python's reader ends with its stack.
    control: async () => {
      using place = makeScanPlace();
      place.write({ 'deep.json': `${'['.repeat(100_000)}${']'.repeat(100_000)}` });
      const script = `python3 -c "import json; json.load(open('deep.json'))" 2>&1 | grep -q RecursionError && echo ${BREACH}`;
      const ran = await onHost(bash(script), { cwd: place.folder });
      return { succeeded: ran.output.includes(BREACH), detail: cut(ran) };
    },
  },
];

async function makeBomb(place: ScanPlace): Promise<void> {
  const script = `python3 -c "
import zipfile
with zipfile.ZipFile('all.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
    with archive.open('GHSA-bomb.json', 'w', force_zip64=True) as entry:
        for _ in range(${BOMB_BYTES} >> 20): entry.write(b' ' * (1 << 20))"`;
  await onHost(bash(script), { cwd: place.folder, timeoutMs: 60_000 });
}
