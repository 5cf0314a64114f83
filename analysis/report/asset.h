/* asset.h: the texts that embed.py puts into the program: page, style, scripts, licence. */
#ifndef REPORT_ASSET_H
#define REPORT_ASSET_H

extern const char report_asset_page_css[];
extern const char report_asset_draw_js[];
extern const char report_asset_page_js[];
extern const char report_asset_study_js[];
extern const char report_asset_uplot_js[];
extern const char report_asset_uplot_css[];
extern const char report_asset_uplot_license[];

#endif
