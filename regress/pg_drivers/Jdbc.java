// JDBC (Debian's libpostgresql-jdbc-java): bound parameters, autocommit on and off.
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

class Jdbc {
    static Connection db;

    static void check(String what, String got, String wanted) {
        System.out.println(wanted.equals(got) ? "ok " + what : "not ok " + what + " (" + got + ")");
    }

    static String one(String sql, String... values) throws SQLException {
        try (PreparedStatement statement = db.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setString(i + 1, values[i]);
            }
            if (!statement.execute()) {
                return null;
            }
            try (ResultSet result = statement.getResultSet()) {
                return result.next() ? result.getString(1) : null;
            }
        }
    }

    static void connect() throws SQLException {
        db = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + System.getenv("PGPORT") + "/"
                + System.getenv("PGDATABASE") + "?user=" + System.getenv("PGUSER"));
    }

    public static void main(String[] args) throws SQLException {
        connect();
        one("CREATE EXTENSION limbeck");
        check("store a revision", one("SELECT migrate_revision(?, ?, ?, ?)", "users",
                "CREATE TABLE users (id integer)", "DROP TABLE users", "001"), "001");
        check("load a file", one("SELECT migrate_load(?, ?)",
                "-- migrate:up\nCREATE TABLE posts (id integer);\n-- migrate:down\nDROP TABLE posts;\n",
                "002_posts.sql"), "002");
        check("upgrade", one("SELECT migrate_upgrade(?)", "head"), "upgraded base -> 002 (2 revisions)");
        check("read", one("SELECT message FROM migrate_show(?)", "001"), "users");
        check("downgrade by one", one("SELECT migrate_downgrade(?)", "-1"),
                "downgraded 002 -> 001 (1 revision)");
        one("SELECT migrate_revision(?, ?, ?, ?)", "index", "CREATE INDEX CONCURRENTLY users_id ON users (id)",
                "DROP INDEX CONCURRENTLY users_id", "003");
        one("CALL migrate_apply(?)", "003");
        check("autocommit on: migrate_apply", one("SELECT version_num FROM migrate_version"), "003");
        db.setAutoCommit(false);
        try {
            one("CALL migrate_apply(?)", "001");
            check("autocommit off: migrate_apply", null, "an error");
        } catch (SQLException e) {
            check("autocommit off: migrate_apply", e.getSQLState(), "25001");
        }
        db.rollback();
        db.setAutoCommit(true);
        one("CALL migrate_apply(?)", "001");
        one("SELECT migrate_delete(?)", "003");
        db.setAutoCommit(false);
        one("SELECT migrate_upgrade(?)", "head");
        db.rollback();
        db.setAutoCommit(true);
        check("undone by the caller", one("SELECT version_num FROM migrate_version"), "001");
        try {
            one("SELECT migrate_upgrade(?)", "zzzz");
            check("error", null, "an error");
        } catch (SQLException e) {
            check("error", e.getSQLState()
                    + (e.getMessage().contains("can't locate revision identified by 'zzzz'") ? " told" : ""),
                    "42704 told");
        }
        check("upgrade to a revision", one("SELECT migrate_upgrade(?)", "002"),
                "upgraded 001 -> 002 (1 revision)");
        for (int i = 0; i < 10; i++) { // the driver turns to a server-side prepared statement on the way
            one("SELECT migrate_upgrade(?)", "head");
        }
        check("many times", one("SELECT migrate_upgrade(?)", "head"), "already at 002");
        db.close();
        connect();
        check("durable", one("SELECT version_num FROM migrate_version"), "002");
    }
}
