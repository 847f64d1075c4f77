import { parseArgs } from 'node:util';
import { report } from './measure.ts';

const USAGE = [
  'usage: npm run -s bench -- run [--act PATH] [--corpora DIR]',
  '       npm run -s bench -- server [--only PART]… [--entries N] [--profile DIR]',
  '       npm run -s bench -- scan [--tree DIR] [--repository DIR] [--mb N] [--peer NAME=PATH]…',
  '       npm run -s bench -- queue',
].join('\n');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    act: { type: 'string' },
    corpora: { type: 'string' },
    tree: { type: 'string' },
    repository: { type: 'string' },
    mb: { type: 'string', default: '300' },
    only: { type: 'string', multiple: true, default: [] },
    profile: { type: 'string' },
    entries: { type: 'string', default: '1000000' },
    peer: { type: 'string', multiple: true, default: [] },
  },
});
const corpora = values.corpora ?? process.env['SALLYPORT_CORPORA'];

switch (positionals[0]) {
  case 'run': {
    const { benchRun } = await import('./run.ts');
    const figures = await benchRun({
      ...(values.act === undefined ? {} : { act: values.act }),
      ...(corpora === undefined ? {} : { corpora }),
    });
    process.exitCode = report(figures);
    break;
  }
  case 'server': {
    const { benchServer } = await import('./server.ts');
    process.exitCode = report(
      await benchServer({
        only: values.only,
        entries: Number(values.entries),
        ...(values.profile === undefined ? {} : { profile: values.profile }),
      }),
    );
    break;
  }
  case 'scan': {
    const { benchScan } = await import('./scan.ts');
    const figures = await benchScan({
      ...(values.tree === undefined ? {} : { tree: values.tree }),
      ...(values.repository === undefined ? {} : { repository: values.repository }),
      megabytes: Number(values.mb),
      peers: values.peer,
    });
    process.exitCode = report(figures);
    break;
  }
  case 'queue': {
    const { benchQueue } = await import('./queue.ts');
    process.exitCode = report(await benchQueue());
    break;
  }
  default:
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = 2;
}
