//! Random SQL without connection state: no temporary tables, no pragmas, no transaction over several
//! statements, nothing of `random()`, the clock, `changes()` or `last_insert_rowid()`; results are
//! ordered. Statements may be wrong: the oracle says what becomes of them.

/// A statement, and whether it has a result.
pub struct Statement {
    pub sql: String,
    pub is_query: bool,
}

/// Makes statements.
pub struct Statements {
    state: u64,
    made: u64,
    /// A table that was dropped, to be made anew.
    dropped: Option<u64>,
}

/// Tables of the schema; each statement picks from these, whether they exist or not.
const TABLES: u64 = 5;
/// Statements that make the tables and a view of each number.
const VIEWS: u64 = 2 * TABLES;

impl Statements {
    pub fn new(seed: u64) -> Self {
        Statements { state: seed, made: 0, dropped: None }
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }

    fn table(&mut self) -> String {
        format!("t{}", self.below(TABLES))
    }

    fn id(&mut self) -> u64 {
        self.below(60)
    }

    fn value(&mut self) -> String {
        let n = self.below(200) as i64 - 60;
        match self.below(12) {
            0 => "null".into(),
            1..=4 => n.to_string(),
            5 => format!("{n}.25"),
            6 => self.pick(&["9223372036854775807", "-9223372036854775808", "1e300", "-0.5"]).into(),
            7 => format!("x'{:02x}00ff'", n & 0xff),
            8 => format!("printf('%.*c', {}, 'q')", self.below(3000)),
            9 => format!("zeroblob({})", self.below(2000)),
            10 => self.pick(&["''", "'it''s'", "'  two words '", "'Ünïcode ☃'"]).into(),
            _ => format!("'text {}'", n & 15),
        }
    }

    fn row(&mut self) -> String {
        let id = if self.below(3) == 0 { "null".into() } else { self.id().to_string() };
        format!("({id}, {}, {}, {})", self.value(), self.value(), self.value())
    }

    fn condition(&mut self) -> String {
        let (id, value) = (self.id(), self.value());
        match self.below(8) {
            0 => format!("id = {id}"),
            1 => format!("id between {id} and {}", id + self.below(20)),
            2 => format!("a > {value}"),
            3 => format!("a = {value}"),
            4 => "b like 'text%'".into(),
            5 => "c is null".into(),
            6 => format!("id in (select id from {} where a < {value})", self.table()),
            _ => format!("exists (select 1 from {} as other where other.a = t.a)", self.table()),
        }
    }

    /// The next statement; every table exists after the first ones.
    pub fn make(&mut self) -> Statement {
        let made = self.made;
        self.made += 1;
        let sql = match (made, self.dropped.take()) {
            (_, Some(table)) => create_table(table, self.below(4)),
            (0..TABLES, _) => create_table(made, made),
            (TABLES..VIEWS, _) => create_view(made - TABLES, &self.table()),
            _ => match self.below(100) {
                0..4 => self.schema(),
                4..34 => self.insert(),
                34..46 => self.update(),
                46..52 => self.delete(),
                52..55 => self.wrong(),
                _ => return Statement { sql: self.query(), is_query: true },
            },
        };
        Statement { sql, is_query: false }
    }

    fn schema(&mut self) -> String {
        let (table, n) = (self.table(), self.below(TABLES));
        match self.below(13) {
            0 | 1 => {
                self.dropped = Some(n);
                format!("drop table if exists t{n}")
            }
            2 => format!("alter table {table} rename column c to c"),
            3 => format!("create index {table}_a on {table} (a, b)"),
            4 => format!("create unique index {table}_u on {table} (id, c)"),
            5 => format!("drop index if exists {table}_a"),
            6 => {
                format!("create view if not exists v{n} as select id, a, b from {table} where a is not null")
            }
            7 => format!("drop view if exists v{n}"),
            8 => format!(
                "create trigger if not exists g{n} after update on {table} when new.a is not old.a begin
                   insert into t{n} (a, b) values (old.id, 'was changed'); end"
            ),
            9 => format!("drop trigger if exists g{n}"),
            10 => format!("alter table {table} add column d{} default 7", self.below(3)),
            11 => "vacuum".into(),
            _ => format!("reindex {table}"),
        }
    }

    fn insert(&mut self) -> String {
        let (table, other) = (self.table(), self.table());
        let columns = "(id, a, b, c)";
        let or = self.pick(&["", "", "or ignore ", "or replace ", "or fail "]);
        match self.below(6) {
            0 => format!(
                "insert into {table} {columns} values {} on conflict (id) do update set a = excluded.a, b = b || '+'",
                self.row()
            ),
            1 => format!(
                "insert {or}into {table} {columns} select id + {}, a, b, c from {other} where id < {}",
                self.below(50),
                self.id()
            ),
            2 => format!(
                "with recursive n (i) as (select {} union all select i + 1 from n limit {})
                 insert {or}into {table} {columns} select i, i * 3, 'text ' || i % 5, null from n",
                self.id(),
                1 + self.below(15)
            ),
            _ => {
                let rows: Vec<String> = (0..=self.below(4)).map(|_| self.row()).collect();
                format!("insert {or}into {table} {columns} values {}", rows.join(", "))
            }
        }
    }

    fn update(&mut self) -> String {
        let (table, value) = (self.table(), self.value());
        let condition = self.condition();
        let set = match self.below(5) {
            0 => "a = a + 1".into(),
            1 => format!("b = {value}"),
            2 => format!("c = {value}, a = id * 2"),
            3 => format!("id = id + {}", self.below(9)),
            _ => format!("a = (select max(a) from {})", self.table()),
        };
        format!("update {table} as t set {set} where {condition}")
    }

    fn delete(&mut self) -> String {
        let (table, condition) = (self.table(), self.condition());
        format!("delete from {table} as t where {condition}")
    }

    fn wrong(&mut self) -> String {
        let table = self.table();
        match self.below(6) {
            0 => "insert into nowhere values (1)".into(),
            1 => format!("insert into {table} (id, nothing) values (1, 2)"),
            2 => format!("selec * from {table}"),
            3 => format!("insert into {table} (id) values ('no number')"),
            4 => format!("insert into {table} (id, a) select 1, 2 union all select 1, 3"),
            _ => format!("update {table} set a = abs(-9223372036854775808)"),
        }
    }

    /// Values go through `quote()`, which shows their type and their digits.
    fn query(&mut self) -> String {
        let (table, other, n) = (self.table(), self.table(), self.below(TABLES));
        let condition = self.condition();
        let q = |value: &str| format!("substr(quote({value}), 1, 14)");
        let (a, b, c) = (q("t.a"), q("t.b"), q("t.c"));
        match self.below(12) {
            0 | 1 => format!(
                "select id, {a}, {b}, {c}, length(c) from {table} as t where {condition} order by id limit 9"
            ),
            2 => format!(
                "select count(*), count(a), {}, {}, sum(id), quote(total(length(c))) from {table} as t where {condition}",
                q("min(a)"),
                q("max(b)")
            ),
            3 => format!(
                "select t.id, o.id, {a} from {table} as t join {other} as o on o.id = t.id + 1 order by 1, 2 limit 9"
            ),
            4 => format!(
                "select t.id, count(o.id), quote(total(o.id)) from {table} as t left join {other} as o on o.a = t.a
                 group by t.id order by 1 limit 9"
            ),
            5 => format!(
                "select id, row_number() over (order by id desc), {},
                   sum(id) over (partition by id % 3 order by id) from {table} as t order by id limit 7",
                q("lag(a) over (order by id)")
            ),
            6 => format!(
                "with recursive chain (i, d) as (select min(id), 0 from {table} union
                   select id, d + 1 from {table}, chain where id > i and id < i + 4 and d < 5)
                 select d, count(*), sum(i) from chain group by d order by d"
            ),
            7 => format!(
                "select typeof(a), count(*), max(length(b)), {} from {table} group by 1 having count(*) > 1 order by 1",
                q("group_concat(id, '/' order by id)")
            ),
            8 => format!("select id, {a}, {b} from v{n} as t order by id, 2 limit 9"),
            9 => format!("select id from {table} except select id from {other} order by 1 limit 9"),
            10 => format!(
                "insert into {table} (a, b) values ({n}, 'returned') returning id, {}, {}",
                q("a"),
                q("b")
            ),
            _ => "select count(*), group_concat(name, ' ' order by name) from sqlite_schema".into(),
        }
    }
}

fn create_table(n: u64, kind: u64) -> String {
    let constraints = match kind {
        0 => "",
        _ if n == 3 => ", foreign key (c) references t0 (id) on delete set null",
        1 => ", unique (a)",
        2 => ", check (id < 100)",
        _ => ", check (length(b) < 2500)",
    };
    let a = if kind == 2 { "a integer not null" } else { "a" };
    format!("create table if not exists t{n} (id integer primary key, {a}, b text, c{constraints})")
}

fn create_view(n: u64, table: &str) -> String {
    format!("create view if not exists v{n} as select id, a, b from {table} where a is not null")
}
