/** The longest pattern of a path. */
const GLOB_CHARACTERS_MAX = 500;

/**
 * Whether a path fits a pattern: `*` within one name, `**` over folders, `?` one character; a pattern that ends with `/` means all
 * below that folder. Compared part by part, in time that grows with the product of both lengths at most.
 */
export function globMatches(pattern: string, path: string): boolean {
  if (pattern.length > GLOB_CHARACTERS_MAX) return false;
  const parts = (pattern.endsWith('/') ? `${pattern}**` : pattern).replace(/^\.?\//, '').split('/');
  const names = path.split('/');
  return matchAll(parts.length, names.length, (part, name) => {
    const wanted = parts[part] ?? '';
    return wanted === '**' ? 'any' : matchesName(wanted, names[name] ?? '');
  });
}

function matchesName(pattern: string, name: string): boolean {
  return matchAll(pattern.length, name.length, (at, character) => {
    const wanted = pattern[at];
    return wanted === '*' ? 'any' : wanted === '?' || wanted === name[character];
  });
}

/** A sequence with wild places against another: going back to the last wild place only is enough. */
function matchAll(wanted: number, given: number, fits: (wanted: number, given: number) => boolean | 'any'): boolean {
  let at = 0;
  let place = 0;
  let wild = -1;
  let wildPlace = 0;
  while (place < given) {
    const fit = at < wanted ? fits(at, place) : false;
    if (fit === 'any') {
      wild = at;
      wildPlace = place;
      at += 1;
    } else if (fit) {
      at += 1;
      place += 1;
    } else if (wild === -1) {
      return false;
    } else {
      at = wild + 1;
      wildPlace += 1;
      place = wildPlace;
    }
  }
  while (at < wanted && fits(at, given) === 'any') at += 1;
  return at === wanted;
}
