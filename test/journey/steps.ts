/** Steps of a journey: each says how it went, and the ones after it go on. */

/** Throws what was wanted when it does not hold. */
export function claim(holds: unknown, what: string): asserts holds {
  if (holds === false || holds === undefined || holds === null || holds === 0 || holds === '') throw new Error(what);
}

/** Goes one step and prints it: 1 when it went well. */
export async function stage(name: string, go: () => Promise<string | undefined>): Promise<0 | 1> {
  try {
    const said = await go();
    console.log(`ok  ${name}${said === undefined ? '' : `: ${said}`}`);
    return 1;
  } catch (thrown) {
    console.log(`NO  ${name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    return 0;
  }
}
