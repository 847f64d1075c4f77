type Environment = { readonly [name: string]: string | undefined };

/** What git needs of the environment; nothing else of it reaches git. */
export function gitEnvironment(env: Environment): { readonly [name: string]: string } {
  return pick(env, ['PATH', 'HOME', 'XDG_CONFIG_HOME']);
}

/** What git needs to reach the network from here: proxies and certificates. */
export function networkEnvironment(env: Environment): { readonly [name: string]: string } {
  const proxies = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'];
  const files = ['SSL_CERT_FILE', 'SSL_CERT_DIR', 'GIT_SSL_CAINFO', 'CURL_CA_BUNDLE'];
  return pick(env, [...proxies, ...proxies.map((name) => name.toUpperCase()), ...files]);
}

function pick(env: Environment, names: readonly string[]): { readonly [name: string]: string } {
  const found: { [name: string]: string } = {};
  for (const name of names) {
    const value = env[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}
