// A Prisma generator: from the schema's DMMF to the C++ that the SQL adapter is built on. Run by
// `prisma generate` (see prisma/README.md).
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import helper from '@prisma/generator-helper';

import { renderCatalogue } from './catalogue.js';
import { renderHeader, renderSource } from './cpp.js';
import { tablesOf } from './schema.js';

/// Formats as the repository's .clang-format says, which it finds from where the file will lie.
function format(file, text) {
  const options = ['--style=file', `--assume-filename=${file}`];
  return execFileSync('clang-format', options, { input: text, encoding: 'utf8' });
}

function write(folder, name, text) {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, name);
  writeFileSync(file, format(file, text));
}

helper.generatorHandler({
  onManifest: () => ({ prettyName: 'the C++ rows', defaultOutput: './generated' }),
  onGenerate: async ({ dmmf, generator, schemaPath }) => {
    const schema = tablesOf(dmmf.datamodel);
    const output = generator.output.value;
    write(output, 'schema.h', renderHeader(schema));
    write(output, 'schema.cc', renderSource(schema));
    const { catalogue } = generator.config;
    if (catalogue) {
      write(path.resolve(path.dirname(schemaPath), catalogue), 'catalogue.h',
            renderCatalogue(schema));
    }
  },
});
