import { readdirSync, readFileSync, statSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { viewOf } from './src/finding/index.ts';
import { createSecretsScanner, loadSecretsConfig } from './src/secrets/index.ts';
const root = process.argv[2]!;
const show = process.argv[3] ?? '';
const cfg = process.argv[4];
let t0 = performance.now();
const s = createSecretsScanner(
  cfg ? { config: loadSecretsConfig({ file: cfg, text: readFileSync(cfg, 'utf8'), read: () => undefined }) } : {},
);
const tCreate = performance.now() - t0;
let bytes = 0,
  files = 0,
  ms = 0;
const byRule = new Map<string, number>();
let slow: [number, string, number][] = [];
let gaps = 0;
const walk = (d: string, rel: string) => {
  for (const e of readdirSync(d, { withFileTypes: true })) {
    const p = join(d, e.name);
    const r = rel ? rel + '/' + e.name : e.name;
    if (e.isDirectory()) {
      if (e.name === '.git') continue;
      walk(p, r);
    } else if (e.isFile()) {
      const size = statSync(p).size;
      if (!s.wants(r, size) || size > 64e6) continue;
      const b = readFileSync(p);
      const v = viewOf(r, b);
      const t = performance.now();
      const o = s.scanFile(v);
      const dt = performance.now() - t;
      ms += dt;
      bytes += b.length;
      files++;
      gaps += o.gaps?.length ?? 0;
      if (dt > 50) slow.push([dt, r, b.length]);
      for (const m of o.matches) {
        const k = m.rule + ' ' + m.confidence;
        byRule.set(k, (byRule.get(k) ?? 0) + 1);
        if (show === 'all' || (show && (m.confidence === show || m.rule === show)))
          console.log(JSON.stringify([m.rule, m.confidence, m.place.file + ':' + m.place.line, m.evidence]));
      }
    }
  }
};
walk(root, '');
console.error({
  create: Math.round(tCreate),
  files,
  MB: (bytes / 1e6).toFixed(1),
  MBs: (bytes / 1e3 / ms).toFixed(1),
  gaps,
});
console.error(Object.fromEntries([...byRule].sort((a, b) => b[1] - a[1]).slice(0, 60)));
console.error(slow.sort((a, b) => b[0] - a[0]).slice(0, 8));
