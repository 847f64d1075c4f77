import { describe, expect, test } from 'vitest';
import { attacks as mail } from './mail-headers.ts';
import { attacks as markup } from './markup-outgoing.ts';
import { attacks as ssrf } from './webhook-ssrf.ts';

describe('what goes out of the server', () => {
  test.each([...ssrf, ...mail, ...markup].map((attack) => [`${attack.id}: ${attack.title}`, attack] as const))(
    '%s is refused, and succeeds without the control',
    async (_name, attack) => {
      const verdict = await attack.attempt();

      expect(verdict).toMatchObject({ refused: true, succeeded: true });
    },
  );
});
