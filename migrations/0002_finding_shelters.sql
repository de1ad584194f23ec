-- Why: the nearest shelters first (`near=`), without reading all of them. Plain points in degrees, longitude scaled to
--   the width of a degree at 40.2° north, so that the nearest in the index are the nearest on the ground.
-- Locks: writes to `shelters` while the index is built; the register is small.
-- Undo: drop index shelters_by_position.
create index shelters_by_position on shelters using gist (point(longitude * 0.7638, latitude));
