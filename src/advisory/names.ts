/** The name of a package as an ecosystem compares it. Advisories and inventories both use this form. */
export function normaliseName(ecosystem: string, name: string): string {
  switch (baseEcosystem(ecosystem)) {
    case 'PyPI':
      return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
    case 'NuGet':
    case 'Packagist':
    case 'Hex':
    case 'Pub':
      return name.toLowerCase();
    case 'SwiftURL':
      return name
        .toLowerCase()
        .replace(/^(?:https?:\/\/|ssh:\/\/(?:git@)?|git@)/, '')
        .replace(/^([^/:]+):(?!\d+\/)/, '$1/')
        .replace(/\.git$/, '')
        .replace(/\/$/, '');
    default:
      return name;
  }
}

/** `Debian:12` is `Debian`. */
export function baseEcosystem(ecosystem: string): string {
  const colon = ecosystem.indexOf(':');
  return colon < 0 ? ecosystem : ecosystem.slice(0, colon);
}
