// @ts-check

export const SCHEMA = `
  create table flights (
    id integer primary key,
    date integer not null,
    delay integer not null,
    distance integer not null,
    origin text not null,
    destination text not null
  );
  create index flights_by_date on flights (date);
  create index flights_by_origin on flights (origin);
  create table airports (
    iata text primary key,
    name text not null,
    city text not null,
    state text not null,
    country text not null,
    latitude real not null,
    longitude real not null
  );
  create virtual table airport_search using fts5 (iata unindexed, name, city);
`;
