import { execSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { Body, Controller, Get, Param, ParseIntPipe, Post, Query, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { DataSource } from 'typeorm';
import { PrismaClient } from '@prisma/client';
import { Finder } from './finder';

const prisma = new PrismaClient();

@Controller('cats')
export class Cats {
  constructor(
    private readonly dataSource: DataSource,
    private readonly finder: Finder,
  ) {}

  @Get(':name')
  async one(@Param('name') name: string) {
    await this.dataSource.query(`SELECT * FROM cat WHERE name = '${name}'`);
    await this.dataSource.query('SELECT * FROM cat WHERE name = $1', [name]);
    await prisma.$queryRawUnsafe('SELECT * FROM cat WHERE name = ' + name);
    await prisma.$queryRaw`SELECT * FROM cat WHERE name = ${name}`;
  }

  @Get('number/:id')
  async byNumber(@Param('id', ParseIntPipe) id: number) {
    await this.dataSource.query(`SELECT * FROM cat WHERE id = ${id}`);
  }

  @Post('run')
  run(@Body() body: { command: string }, @Query('n') n: number) {
    execSync(body.command);
    execSync(`head -n ${n}`);
  }

  @Get('search')
  async search(@Query('q') q: string) {
    return this.finder.find(q);
  }
}

export async function handler(request: Request, response: Response) {
  const { file } = request.query as { file: string };
  await readFile(`./files/${file}`);
  await readFile('./files/index.html');
  response.send('done');
}
