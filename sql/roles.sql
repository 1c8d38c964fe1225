-- The three roles of an installation, membership of the logins that run and migrate it, and rights on this database.
--
-- Promise: none of the roles can log in. The login that runs the pipeline may become the application and the reader; the
-- migrator, where it is another login, alone may become the owner. Neither has a role's rights by itself (from PostgreSQL
-- 16 on). Only the owner may create anything, and nobody may make temporary tables. Running it again changes nothing.
-- The pipeline runs it by itself where its login may; otherwise an administrator runs it in the database:
--   set finance_pipeline.prefix = 'finance_pipeline'; set finance_pipeline.login = 'the_login';
--   set finance_pipeline.migrator = 'the_migrator'; \i sql/roles.sql
do $roles$
declare
    prefix text := coalesce(nullif(pg_catalog.current_setting('finance_pipeline.prefix', true), ''), 'finance_pipeline');
    login text := coalesce(nullif(pg_catalog.current_setting('finance_pipeline.login', true), ''), session_user);
    migrator text := coalesce(nullif(pg_catalog.current_setting('finance_pipeline.migrator', true), ''), login);
    member text;
    knows_set boolean := pg_catalog.current_setting('server_version_num')::int >= 160000;
    role text;
    what text;
begin
    foreach what in array array['owner', 'app', 'reader'] loop
        role := prefix || '_' || what;
        if not exists (select from pg_catalog.pg_roles where rolname = role) then
            begin
                execute pg_catalog.format('create role %I nologin', role);
            exception when duplicate_object or unique_violation then
                null; -- another session was faster
            end;
        end if;
        member := case what when 'owner' then migrator else login end;
        if not pg_catalog.pg_has_role(member, role, case when knows_set then 'SET' else 'MEMBER' end) then
            execute pg_catalog.format(
                'grant %I to %I' || case when knows_set then ' with inherit false, set true' else '' end, role, member
            );
        end if;
        if what = 'owner' and migrator <> login then
            execute pg_catalog.format('revoke %I from %I', role, login);
        end if;
        if not pg_catalog.has_database_privilege(
            role, pg_catalog.current_database(), case when what = 'owner' then 'CREATE' else 'CONNECT' end
        ) then
            execute pg_catalog.format(
                'grant ' || case when what = 'owner' then 'connect, create' else 'connect' end || ' on database %I to %I',
                pg_catalog.current_database(), role
            );
        end if;
    end loop;
    foreach member in array array[login, migrator] loop
        if not pg_catalog.has_database_privilege(member, pg_catalog.current_database(), 'CONNECT') then
            execute pg_catalog.format('grant connect on database %I to %I', pg_catalog.current_database(), member);
        end if;
    end loop;
    -- Whoever is not the database's owner gets a warning here, and it changes nothing.
    execute pg_catalog.format('revoke temporary on database %I from public', pg_catalog.current_database());
end
$roles$;
