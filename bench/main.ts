import { parseArgs } from 'node:util';
import { report } from './measure.ts';
import { benchRun } from './run.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { act: { type: 'string' }, corpora: { type: 'string' } },
});
const corpora = values.corpora ?? process.env['SALLYPORT_CORPORA'];

if (positionals[0] !== 'run') {
  process.stderr.write('usage: npm run -s bench -- run [--act PATH] [--corpora DIR]\n');
  process.exitCode = 2;
} else {
  const figures = await benchRun({
    ...(values.act === undefined ? {} : { act: values.act }),
    ...(corpora === undefined ? {} : { corpora }),
  });
  process.exitCode = report(figures);
}
