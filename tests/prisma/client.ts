// Another program of the platform: it reads and writes the tables with the real Prisma Client.
//
// One request a line on standard input, one answer a line on standard output, both JSON; numbers
// of the database that JSON cannot hold are texts. It ends with its input.
import { createInterface } from 'node:readline';

import { PrismaMariaDb } from '@prisma/adapter-mariadb';

import { Prisma, PrismaClient } from './client/index.js';

const POOL_SIZE = 2;

const address = new URL(process.env.MICROSERVICE_DATABASE ?? '');
const prisma = new PrismaClient({
  adapter: new PrismaMariaDb({
    host: address.hostname,
    port: Number(address.port),
    user: decodeURIComponent(address.username),
    password: decodeURIComponent(address.password),
    database: address.pathname.slice(1),
    connectionLimit: POOL_SIZE,
  }),
});

interface Page {
  user_id: string;
  take: number;
  after?: string;
}

type NewDocument = Omit<Prisma.DocumentCreateInput, 'size'> & { size: number };

const actions = {
  documentsOf: ({ user_id }: { user_id: string }) =>
    prisma.document.findMany({ where: { user_id, status: 'COMPLETED' }, orderBy: { id: 'asc' } }),
  document: ({ id }: { id: string }) => prisma.document.findUnique({ where: { id } }),
  page: ({ user_id, take, after }: Page) =>
    prisma.document.findMany({
      where: { user_id, status: 'COMPLETED' },
      orderBy: [{ created_at: 'desc' }, { id: 'desc' }],
      take,
      ...(after === undefined ? {} : { skip: 1, cursor: { id: after } }),
    }),
  usageOf: ({ user_id }: { user_id: string }) =>
    prisma.userUsage.findUnique({ where: { user_id } }),
  create: (document: NewDocument) => prisma.document.create({ data: document }),
  addUsage: ({ user_id, bytes }: { user_id: string; bytes: number }) =>
    prisma.userUsage.upsert({
      where: { user_id },
      create: { user_id, file_count: 1, total_bytes: bytes },
      update: { file_count: { increment: 1 }, total_bytes: { increment: bytes } },
    }),
  remove: ({ id }: { id: string }) => prisma.document.delete({ where: { id } }),
} as const;

type Request = { action: keyof typeof actions; input: never };

async function answer(line: string): Promise<object> {
  const { action, input } = JSON.parse(line) as Request;
  try {
    return { result: await actions[action](input) };
  } catch (error) {
    if (error instanceof Prisma.PrismaClientKnownRequestError) return { error: error.code };
    return { error: String(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const reply = await answer(line);
  const text = JSON.stringify(reply, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value);
  process.stdout.write(`${text}\n`);
}
await prisma.$disconnect();
