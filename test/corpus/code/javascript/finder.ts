import { Client } from 'pg';

export class Finder {
  private readonly client = new Client();

  async find(text: string) {
    await this.client.query('SELECT * FROM cat WHERE a = $1', [text]);
    return this.client.query(`SELECT * FROM cat WHERE a LIKE '%${text}%'`);
  }
}
