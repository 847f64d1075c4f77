import type { MachineSettings } from './machine.ts';

/**
 * Sets of hosts for the usual ecosystems. `core` is what every use of the ecosystem needs; `also` is needed by some.
 * Hosts where anybody can put a bucket or a page of their own are left out on purpose: a set must not be a way out.
 * `github` is one where a token can write, so it is no default of any other set.
 */
const PRESETS = {
  npm: { core: ['registry.npmjs.org:443'], also: ['registry.yarnpkg.com:443', 'nodejs.org:443'] },
  pypi: { core: ['pypi.org:443', 'files.pythonhosted.org:443'], also: [] },
  crates: {
    core: ['index.crates.io:443', 'static.crates.io:443'],
    also: ['crates.io:443', 'static.rust-lang.org:443'],
  },
  go: { core: ['proxy.golang.org:443'], also: ['sum.golang.org:443', 'go.dev:443', 'dl.google.com:443'] },
  maven: { core: ['repo.maven.apache.org:443'], also: ['repo1.maven.org:443'] },
  debian: {
    core: ['deb.debian.org:80'],
    also: ['deb.debian.org:443', 'security.debian.org:80', 'security.debian.org:443'],
  },
  ubuntu: {
    core: ['archive.ubuntu.com:80', 'security.ubuntu.com:80'],
    also: [
      'archive.ubuntu.com:443',
      'security.ubuntu.com:443',
      'ports.ubuntu.com:80',
      'ports.ubuntu.com:443',
      'azure.archive.ubuntu.com:80',
    ],
  },
  github: {
    core: ['github.com:443'],
    also: [
      'api.github.com:443',
      'codeload.github.com:443',
      'objects.githubusercontent.com:443',
      'raw.githubusercontent.com:443',
      'release-assets.githubusercontent.com:443',
    ],
  },
  docker: {
    core: ['registry-1.docker.io:443', 'auth.docker.io:443'],
    also: [
      'production.cloudflare.docker.com:443',
      'docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com:443',
    ],
  },
} as const satisfies {
  readonly [name: string]: { readonly core: readonly string[]; readonly also: readonly string[] };
};

export type PresetName = keyof typeof PRESETS;
export const PRESET_NAMES = ['npm', 'pypi', 'crates', 'go', 'maven', 'debian', 'ubuntu', 'github', 'docker'] as const;

export function isPresetName(text: string): text is PresetName {
  return PRESET_NAMES.some((name) => name === text);
}

/**
 * The `host:port` entries of a set. Where the machine uses a mirror for an ecosystem, the set is that mirror instead.
 * A mirror inside a private network also needs the operator's `allowPrivate`: the repository cannot give that.
 */
export function presetHosts(name: PresetName, machine: MachineSettings = {}): readonly string[] {
  return machine[name] ?? [...PRESETS[name].core, ...PRESETS[name].also];
}

/** What must have been used for a list to be told as the set. */
export function presetCore(name: PresetName, machine: MachineSettings = {}): readonly string[] {
  return machine[name] ?? PRESETS[name].core;
}
