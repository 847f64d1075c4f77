import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkProof } from '../../web/src/operate/proof.ts';
import { type Product, startProduct, until } from '../product/product.ts';

const WAIT_MS = 30_000;
let product: Product;
beforeAll(async () => {
  product = await startProduct({ env: { SALLYPORT_RUNNER: 'false' } });
});
afterAll(() => product[Symbol.asyncDispose]());

/** What the page of an entry does, on the log that keeper and witness of a real server signed. */
test('K16: an entry of a real server is proved by what a browser has, and a changed one is not', async () => {
  const token = await product.token();
  const ask = async (path: string) => (await product.fetch(`/api/v1${path}`, { token })).json() as Promise<never>;
  await product.must(['repo', 'create', 'acme/app']);
  const entry: { id: number } = await until(WAIT_MS, async () => {
    const page: { items: { id: number; position?: number }[] } = await ask('/audit?action=repository.create');
    return page.items.find(({ position }) => position !== undefined);
  });
  const proof = await until(WAIT_MS, async () => {
    const response = await product.fetch(`/api/v1/audit/${entry.id}/proof`, { token });
    return response.ok && ((await response.json()) as { leaf: string; proof: string });
  });
  const keys: { log: { name: string; key: string }; witness: { name: string; key: string } } = await ask('/audit/keys');
  const signers = [
    { ...keys.log, kind: 'log' },
    { ...keys.witness, kind: 'witness' },
  ] as const;

  const check = await checkProof(proof.leaf, proof.proof, signers);
  const changed = Buffer.from(proof.leaf, 'base64').toString('utf8').replace('acme', 'evil').replace('allow', 'deny');
  const forged = await checkProof(Buffer.from(changed).toString('base64'), proof.proof, signers);

  expect(check.isIncluded).toBe(true);
  expect(check.signatures.map(({ isValid }) => isValid)).toEqual([true, true]);
  expect(forged.isIncluded).toBe(false);
});
