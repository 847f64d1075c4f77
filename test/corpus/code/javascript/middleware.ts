import { NextResponse, NextRequest } from 'next/server';

export function middleware(request: NextRequest) {
  if (!request.cookies.get('session')) return NextResponse.redirect(new URL('/login', request.url)); // safe: 601
  const home = request.nextUrl.clone();
  home.pathname = '/home';
  if (request.cookies.get('old')) return NextResponse.redirect(home); // safe: 601
  const next = request.nextUrl.searchParams.get('next');
  return NextResponse.redirect(new URL(next, request.url)); // flaw: 601
}

export async function GET(request: Request) {
  const { searchParams, origin } = new URL(request.url);
  const next = searchParams.get('next') ?? '/';
  if (next === 'list') return NextResponse.redirect(`${origin}/list`); // safe: 601
  return NextResponse.redirect(next); // flaw: 601
}
