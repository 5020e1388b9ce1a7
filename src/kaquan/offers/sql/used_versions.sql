-- A version that vouchers stand on is evidence: whoever changes it rewrites what was promised.
CREATE FUNCTION offers_refuse_change_of_used_version() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'offer version % is in use: publish a new version instead', OLD.id
    USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE TRIGGER offers_offerversion_used
BEFORE UPDATE OR DELETE ON offers_offerversion
FOR EACH ROW WHEN (OLD.used)
EXECUTE FUNCTION offers_refuse_change_of_used_version();
