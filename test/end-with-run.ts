/** A worker whose run was killed ends too, and with it all that its tests have started (`endingWithUs`). */
process.once("disconnect", () => process.exit());
