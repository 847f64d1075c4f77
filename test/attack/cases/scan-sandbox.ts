import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Attack } from '../attack.ts';
import { BREACH, bash, cut, onHost, type Ran } from '../arena.ts';
import { grabs, makeListener, makeScanPlace, type ScanPlace } from '../scan-arms.ts';

/** What `--fix` mends without a network, so that tests are run. */
const COMPOSE = 'services:\n  web:\n    image: nginx\n    privileged: true\n    ports:\n      - 8080:80\n';

type Arm = { readonly ran: Ran; readonly planted: boolean; readonly visits: number };

async function arm(
  prepare: (place: ScanPlace, port: number) => void,
  act: (place: ScanPlace) => Promise<Ran>,
): Promise<Arm> {
  using place = makeScanPlace();
  using listener = await makeListener();
  prepare(place, listener.port);
  const ran = await act(place);
  const planted = existsSync(path.join(place.victim, 'planted')) || existsSync(path.join(place.tree, 'planted'));
  return { ran, planted, visits: listener.visits() };
}

const got = ({ ran, planted, visits }: Arm) => planted && visits > 0 && ran.output.includes(BREACH);
const gotAnything = ({ ran, planted, visits }: Arm) => planted || visits > 0 || ran.output.includes(BREACH);

/** The test of a repository ends with 1 when it got anything: then the report says that the tests fail. */
const HOSTILE_TEST = (place: ScanPlace, port: number) =>
  place.write({
    'tree/package.json': '{"name": "x", "version": "1.0.0", "scripts": {"test": "bash evil.sh"}}\n',
    'tree/evil.sh': `out=$(${grabs(place, port)})\necho "$out"\ncase "$out" in *${BREACH}*) exit 1;; esac\n`,
    'tree/compose.yml': COMPOSE,
  });

/** Answers as the tool that it is taken for would; what it got stands in its findings. */
const HOSTILE_TOOL = (place: ScanPlace, port: number) =>
  place.write({
    'bin/semgrep': `#!/bin/bash
out=$(${grabs(place, port)})
printf '{"results": [{"check_id": "ran.to.its.end", "path": "a.py", "start": {"line": 1, "col": 1}, "end": {"line": 1, "col": 2}, "extra": {"message": "got: %s", "severity": "ERROR", "metadata": {}}}], "errors": [], "paths": {}}' "\${out//$'\\n'/ }"
`,
    'tree/a.py': 'x = 1\n',
    'tree/.semgrep/rules.yml': 'rules: []\n',
  });

/** Programs that a scan starts on behalf of a repository, or of the person. */
export const attacks: readonly Attack[] = [
  {
    id: 'K3-scan-fix-tests',
    title: 'the tests of a repository, run by scan --fix, read the home, write outside and call a service of the host',
    controls: ['K3', 'K5'],
    product: async () => {
      const tried = await arm(HOSTILE_TEST, (place) =>
        place.sallyport(['scan', '--fix', '--only', 'infrastructure', '.']),
      );
      // The tests ran to their end, before and after, and nothing of theirs came out.
      const ran = /tests? .*pass|pass.*npm test|npm test.*pass/i.test(tried.ran.output);
      return { refused: ran && !gotAnything(tried), detail: cut(tried.ran) };
    },
    control: async () => {
      const tried = await arm(HOSTILE_TEST, (place) => onHost(bash('bash evil.sh'), { cwd: place.tree }));
      return { succeeded: got(tried), detail: cut(tried.ran) };
    },
  },
  {
    id: 'K3-scan-with-tool',
    title:
      'a hostile semgrep on the path, run by scan --with, reads the home, writes into the tree and calls a service of the host',
    controls: ['K3', 'K5'],
    product: async () => {
      const tried = await arm(HOSTILE_TOOL, (place) =>
        place.sallyport(['scan', '--json', '--only', 'code', '--with', 'semgrep', '.'], {
          searchPath: path.join(place.folder, 'bin'),
        }),
      );
      return {
        refused: tried.ran.output.includes('ran.to.its.end') && !gotAnything(tried),
        detail: cut(tried.ran),
      };
    },
    control: async () => {
      const tried = await arm(HOSTILE_TOOL, (place) =>
        onHost([path.join(place.folder, 'bin/semgrep'), place.tree], { cwd: place.tree }),
      );
      return { succeeded: got(tried), detail: cut(tried.ran) };
    },
  },
];
