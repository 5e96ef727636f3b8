// JDBC, the same story on both engines: bound parameters, autocommit on and off.
//
//     java -cp sqlite-jdbc.jar Jdbc.java LIBRARY DATABASE     SQLite (Debian's libxerial-sqlite-jdbc-java)
//     java -cp postgresql.jar Jdbc.java                       PostgreSQL (libpostgresql-jdbc-java), by PGPORT, PGUSER, PGDATABASE
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Properties;

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

    static void connect(String[] args) throws SQLException {
        Properties properties = new Properties();
        if (args.length > 0) {
            properties.setProperty("enable_load_extension", "true");
            db = DriverManager.getConnection("jdbc:sqlite:" + args[1], properties);
        } else {
            properties.setProperty("user", System.getenv("PGUSER"));
            db = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + System.getenv("PGPORT") + "/"
                    + System.getenv("PGDATABASE"), properties);
        }
    }

    static void upAndDown() throws SQLException {
        check("store a revision", one("SELECT migrate_revision(?, ?, ?, ?)", "users",
                "CREATE TABLE users (id integer)", "DROP TABLE users", "001"), "001");
        check("load a file", one("SELECT migrate_load(?, ?)",
                "-- migrate:up\nCREATE TABLE posts (id integer);\n-- migrate:down\nDROP TABLE posts;\n",
                "002_posts.sql"), "002");
        check("upgrade", one("SELECT migrate_upgrade(?)", "head"), "upgraded base -> 002 (2 revisions)");
        check("read", one("SELECT message FROM migrate_show(?)", "001"), "users");
        check("downgrade by one", one("SELECT migrate_downgrade(?)", "-1"),
                "downgraded 002 -> 001 (1 revision)");
    }

    // What runs outside of a transaction, on PostgreSQL only.
    static void apply() throws SQLException {
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
    }

    static void undone() throws SQLException {
        db.setAutoCommit(false);
        one("SELECT migrate_upgrade(?)", "head");
        db.rollback();
        db.setAutoCommit(true);
        check("undone by the caller", one("SELECT version_num FROM migrate_version"), "001");
    }

    static void told(String state) throws SQLException {
        try {
            one("SELECT migrate_upgrade(?)", "zzzz");
            check("error", null, "an error");
        } catch (SQLException e) {
            check("error", (state != null ? e.getSQLState() + " " : "") + e.getMessage().contains(
                    "can't locate revision identified by 'zzzz'"), (state != null ? state + " " : "") + "true");
        }
    }

    public static void main(String[] args) throws SQLException {
        boolean sqlite = args.length > 0;
        connect(args);
        if (sqlite) {
            one("SELECT load_extension(?)", args[0]);
        } else {
            one("CREATE EXTENSION limbeck");
        }
        upAndDown();
        if (!sqlite) {
            apply();
        }
        undone();
        told(sqlite ? null : "42704");
        check("upgrade to a revision", one("SELECT migrate_upgrade(?)", "002"),
                "upgraded 001 -> 002 (1 revision)");
        for (int i = 0; i < 10; i++) { // PostgreSQL's driver turns to a statement prepared in the server on the way
            one("SELECT migrate_upgrade(?)", "head");
        }
        check("many times", one("SELECT migrate_upgrade(?)", "head"), "already at 002");
        db.close();
        connect(args);
        check("durable", one("SELECT version_num FROM migrate_version"), "002");
    }
}
