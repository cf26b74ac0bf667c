// What the generated code needs to know of a schema, read from Prisma's DMMF. What it has no C++
// for is refused, by name.

/// How each of Prisma's types is kept: in C++, in MySQL and in SQLite.
const SCALARS = {
  String: { cpp: 'std::string_view', sqlite: 'TEXT' },
  Int: { cpp: 'std::int32_t', mysql: 'int', sqlite: 'INTEGER' },
  BigInt: { cpp: 'std::int64_t', mysql: 'bigint', sqlite: 'BIGINT' },
  DateTime: { cpp: 'Timestamp', mysql: 'datetime(3)', sqlite: 'DATETIME' },
};

/// A field whose documentation has this line is NULL in listings.
const UNLISTED = '@unlisted';

export class SchemaError extends Error {}

/// Names become C++ as they are, so they must be ordinary ones.
function checkName(name, what) {
  if (/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) return name;
  throw new SchemaError(`${what} is called ${name}: no name for C++`);
}

function documentationOf(field) {
  const lines = (field.documentation ?? '').split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && line !== UNLISTED);
}

function isUnlisted(field) {
  return (field.documentation ?? '').split('\n').some((line) => line.trim() === UNLISTED);
}

/// { now: true }, { text }, { number } or null: what the database puts where nothing is given.
function defaultOf(field, where) {
  const value = field.default;
  // uuid() and @updatedAt are made by the client; the database knows nothing of them.
  if (!field.hasDefaultValue || value?.name === 'uuid') return null;
  if (value?.name === 'now') return { now: true };
  if (field.kind === 'enum') return { text: value };
  if ((field.type === 'Int' || field.type === 'BigInt') && /^-?[0-9]+$/.test(String(value))) {
    return { number: String(value) };
  }
  throw new SchemaError(`${where}: no C++ for the default ${JSON.stringify(value)}`);
}

function mysqlTypeOf(field, enums, where) {
  if (field.kind === 'enum') {
    return `enum(${enums.get(field.type).values.map((value) => `'${value}'`).join(',')})`;
  }
  if (field.type === 'String') {
    const [name, sizes] = field.nativeType ?? ['VarChar', ['191']];
    if (name === 'VarChar') return `varchar(${sizes[0]})`;
    throw new SchemaError(`${where}: texts are @db.VarChar, not @db.${name}`);
  }
  if (field.nativeType !== null) {
    throw new SchemaError(`${where}: no C++ for @db.${field.nativeType[0]}`);
  }
  return SCALARS[field.type].mysql;
}

function columnOf(field, model, enums) {
  const where = `${model.name}.${field.name}`;
  if (field.isList) throw new SchemaError(`${where}: no C++ for lists`);
  const isEnum = field.kind === 'enum';
  if (!isEnum && (field.kind !== 'scalar' || !(field.type in SCALARS))) {
    throw new SchemaError(`${where}: no C++ for the type ${field.type}`);
  }
  return {
    name: checkName(field.name, where),
    column: checkName(field.dbName ?? field.name, `the column of ${where}`),
    documentation: documentationOf(field),
    unlisted: isUnlisted(field),
    isEnum,
    type: field.type,
    cppType: isEnum ? field.type : SCALARS[field.type].cpp,
    mysqlType: mysqlTypeOf(field, enums, where),
    sqliteType: isEnum ? 'TEXT' : SCALARS[field.type].sqlite,
    nullable: !field.isRequired,
    isKey: field.isId,
    defaultValue: defaultOf(field, where),
  };
}

function indexOf(index, table) {
  const columns = index.fields.map(({ name }) => table.columns.find((one) => one.name === name));
  const names = columns.map(({ column }) => column);
  const suffix = { id: null, unique: 'key', normal: 'idx' }[index.type];
  if (suffix === undefined) throw new SchemaError(`${table.model}: no index of type ${index.type}`);
  const name = suffix === null ? 'PRIMARY' : [table.table, ...names, suffix].join('_');
  return { name: index.dbName ?? name, columns: names, unique: suffix !== 'idx' };
}

function tableOf(model, datamodel, enums) {
  const table = {
    model: checkName(model.name, 'a model'),
    table: checkName(model.dbName ?? model.name, `the table of ${model.name}`),
    documentation: documentationOf(model),
    columns: model.fields.map((field) => columnOf(field, model, enums)),
  };
  const indexes = datamodel.indexes.filter((index) => index.model === model.name);
  return { ...table, indexes: indexes.map((index) => indexOf(index, table)) };
}

function enumOf(one) {
  const values = one.values.map((value) => {
    if (value.dbName && value.dbName !== value.name) {
      throw new SchemaError(`${one.name}.${value.name}: no C++ for mapped values`);
    }
    return checkName(value.name, `a value of ${one.name}`);
  });
  return { name: checkName(one.name, 'an enum'), documentation: documentationOf(one), values };
}

/// { enums, tables } of a DMMF's datamodel, in the schema's order.
export function tablesOf(datamodel) {
  if (datamodel.types.length > 0) throw new SchemaError('no C++ for composite types');
  const enums = new Map(datamodel.enums.map((one) => [one.name, enumOf(one)]));
  const tables = datamodel.models.map((model) => tableOf(model, datamodel, enums));
  return { enums: [...enums.values()], tables };
}
